import { ProblemError } from "../../contract/problems.ts";
import { canonicalJson, contentTag } from "../../platform/content-tag.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import type { CallContext, Operation, OperationInput } from "../../ringcentral/api/operation.ts";
import type { NumbersDeps, WriteRequest } from "./request.ts";
import { deleteOnce, isGone, replaceOnce } from "./write-once.ts";

interface Resource<Wire, Output> {
  path: NonNullable<OperationInput["path"]>;
  read: Operation<Wire>;
  /** The resource as the API shows it; its `ETag` is over this. */
  toOutput: (wire: Wire) => Output;
}

interface Update<Wire, Output, Body> extends Resource<Wire, Output> {
  write: Operation<Wire>;
  /** The complete body: the current resource with the change applied. */
  merge: (current: Wire) => Body;
  /** The resource as a body like the one that was sent. */
  toBody: (wire: Wire, sent: Body) => Body;
  /** The changed resource, for a kind whose id may change with its content. */
  find?: (call: CallContext, sent: Body) => Promise<Wire | undefined>;
}

/**
 * Changes a resource. RingCentral's general rule is that a PUT resets the fields it leaves out [docs: URIS], so the
 * resource is read, merged with the change, and sent whole.
 */
export async function updateResource<Wire, Output, Body extends Readonly<Record<string, unknown>>>(
  { ringcentral, clock }: NumbersDeps,
  { call, ifMatch, body: change }: WriteRequest & { body: Readonly<Record<string, unknown>> },
  { path, read, write, toOutput, merge, toBody, find }: Update<Wire, Output, Body>,
): Promise<Output> {
  requireChange(change);
  const readFresh = (context: CallContext) => ringcentral.call(read, { path }, { ...context, fresh: true });
  const current = await readFresh(call);
  requireMatch(ifMatch, toOutput(current));
  const wanted = merge(current);
  const put = (body: Body) =>
    replaceOnce(
      { clock, call },
      (context) => ringcentral.call(write, { path, body }, context),
      (context) =>
        readFresh(context).catch(async (error: unknown) => {
          const moved = isGone(error) ? await find?.(context, wanted) : undefined;
          if (moved === undefined) throw error;
          return moved;
        }),
      (wire) => canonicalJson(toBody(wire, wanted)) === canonicalJson(wanted),
    );
  const removed = Object.keys(change).filter((field) => change[field] === null && !(field in wanted));
  const keptIn = (wire: Wire) => removed.filter((field) => toBody(wire, wanted)[field] !== undefined);
  const replaced = await put(wanted);
  const kept = keptIn(replaced);
  if (kept.length === 0) return toOutput(replaced);
  // One guide says that a PUT changes only what it has [docs: FWD]: then an empty text may remove the value [unsure].
  const empty = Object.fromEntries(kept.map((field) => [field, ""]));
  const emptied = await put({ ...wanted, ...empty }).catch((error: unknown) => {
    if (!(error instanceof RingCentralError && error.failure.kind === "rejected")) throw error;
    return replaced;
  });
  if (keptIn(emptied).length > 0) throw cannotRemove(keptIn(emptied));
  return toOutput(emptied);
}

function cannotRemove(fields: readonly string[]): ProblemError {
  const detail = "RingCentral does not remove this value: it can only be changed. Other changes were made.";
  const errors = fields.map((field) => ({ in: "body" as const, field, code: "refused", detail }));
  return new ProblemError("parameter_invalid", { errors });
}

/** A field after a change: `null` removes it, and a change without it keeps it (RFC 7396). */
export function changed<New, Old>(change: New | null | undefined, current: Old): New | Old | undefined {
  return change === undefined ? current : (change ?? undefined);
}

export async function deleteResource<Wire, Output>(
  { ringcentral, clock }: NumbersDeps,
  { call, ifMatch }: WriteRequest,
  { path, read, remove, toOutput }: Resource<Wire, Output> & { remove: Operation<void> },
): Promise<undefined> {
  if (ifMatch !== undefined) {
    requireMatch(ifMatch, toOutput(await ringcentral.call(read, { path }, { ...call, fresh: true })));
  }
  await deleteOnce({ clock, call }, (context) => ringcentral.call(remove, { path }, context));
}

/** A change names a field besides `country`, which only explains another. @throws ProblemError `request_invalid` */
export function requireChange(body: Readonly<Record<string, unknown>>): void {
  const fields = Object.entries(body).filter(([field, value]) => field !== "country" && value !== undefined);
  if (fields.length > 0) return;
  const detail = "Name at least one field to change.";
  throw new ProblemError("request_invalid", {
    detail,
    errors: [{ in: "body", field: "body", code: "required", detail }],
  });
}

/**
 * `If-Match` (RFC 9110, 13.1.1) against the current resource. It compares strongly, so a weak tag never matches.
 * RingCentral has no such condition: another client's change between our read and our write goes unnoticed.
 * @throws ProblemError `precondition_failed`
 */
export function requireMatch(ifMatch: string | undefined, current: unknown): void {
  if (ifMatch === undefined) return;
  const tag = contentTag(current);
  const matches = ifMatch
    .split(",")
    .some((candidate) => candidate.trim() === "*" || candidate.trim() === tag);
  if (!matches) throw new ProblemError("precondition_failed");
}
