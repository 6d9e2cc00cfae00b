import type {
  ForwardingNumber,
  ForwardingNumberUpdate,
  NewForwardingNumber,
} from "../../contract/forwarding-numbers.ts";
import { type ProblemDetails, ProblemError } from "../../contract/problems.ts";
import { OutcomeUnknown, UNKEYED } from "../../contract/write-outcome.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import { type CountryInQuery, withChangedE164 } from "../shared/phone-number-input.ts";
import type { WriteRequest } from "../shared/request.ts";
import { requireChange, requireMatch } from "../shared/write-resource.ts";
import type { Backend } from "./backend.ts";
import { type Aliases, aliasesOf } from "./ids.ts";
import type { Item } from "./items.ts";
import { idsOf, type NewNumbers, notFound } from "./new-numbers.ts";
import { type ForwardingDeps, onBackend } from "./on-backend.ts";
import { notKept, planAddition, planRemoval, planUpdate } from "./plan.ts";
import { getForwardingNumber } from "./read.ts";
import { isAsAsked, newNumber, requireUsualRules } from "./requested.ts";
import { deviceKey, numberKey } from "./targets.ts";
import * as legacy from "./write-legacy.ts";
import { leavesNothingToFinish, writeNew } from "./write-new.ts";
import { asOnlyWriter } from "./writer.ts";

// The writes of forwarding numbers on either call-handling backend. A write to the legacy one is followed by the
// question whether the extension has moved meanwhile: then it may have had no effect [unsure], and is made on the new
// one.

interface Created {
  id: string;
  data: ForwardingNumber;
}
type AddRequest = WriteRequest & CountryInQuery & { body: NewForwardingNumber };
type ItemRequest = WriteRequest & { path: { forwardingNumberId: string } };
type UpdateRequest = ItemRequest & CountryInQuery & { body: ForwardingNumberUpdate };

/** Adds a forwarding number once. */
export async function addForwardingNumber(deps: ForwardingDeps, request: AddRequest): Promise<Created> {
  const body = newNumber(request);
  return onBackend(deps, request, {
    legacy: (backend) =>
      onLegacy(deps, request, backend, {
        write: async () => {
          requireUsualRules(body.rules);
          const listed = await legacy.findAsAsked(deps, request, body);
          if (listed !== undefined) return { id: listed.id, data: listed };
          return legacy.addForwardingNumber(deps, request);
        },
        shown: ({ data }) => [data],
        onNew: () => addNew(deps, request, backend, body),
        advice: UNKEYED,
      }),
    new: (backend) => addNew(deps, request, backend, body),
  });
}

async function addNew(
  deps: ForwardingDeps,
  request: AddRequest,
  backend: Backend,
  body: NewForwardingNumber,
): Promise<Created> {
  const { phoneNumber = "", deviceId } = body;
  const find = (current: NewNumbers) =>
    deviceId === undefined ? current.byNumber(phoneNumber) : current.byKey(deviceKey(deviceId));
  const numbers = await writeNew(deps, request, backend, (current, state) => {
    const existing = find(current);
    const isThere = existing !== undefined && isAsAsked(existing.number, body);
    // Once a first attempt is known to have taken effect, the number is never added again.
    if (request.step === "look" && !isThere) throw new OutcomeUnknown(false);
    return planAddition(current, state, body);
  });
  const item = find(numbers);
  if (item === undefined) throw notKept();
  const data = numbers.show(item);
  return { id: data.id, data };
}

/** Changes a forwarding number: the fields sent; the others keep their values. */
export async function updateForwardingNumber(
  deps: ForwardingDeps,
  request: UpdateRequest,
): Promise<ForwardingNumber> {
  requireChange(request.body);
  const shown = async () => (await getForwardingNumber(deps, request)).phoneNumber;
  const body = await withChangedE164(request.body, request.query.country, shown);
  return onBackend(deps, request, {
    legacy: (backend) =>
      onLegacy(deps, request, backend, {
        write: async () => {
          const former = await rememberNext(deps, request, backend, body);
          const update = asOnlyWriter(deps, request, () =>
            legacy.updateForwardingNumber(deps, { ...request, body }),
          );
          return orRestored(backend, () => former, update);
        },
        shown: (data) => [data],
        onNew: (isMatched) => updateNew(deps, isMatched ? withoutMatch(request) : request, backend, body),
      }),
    new: (backend) => updateNew(deps, request, backend, body),
  });
}

/**
 * An id serves after a move too, also when the process ends between the change of its number and the response.
 * @returns what the id stood for
 */
async function rememberNext(
  deps: ForwardingDeps,
  request: ItemRequest,
  backend: Backend,
  { phoneNumber }: ForwardingNumberUpdate,
): Promise<Aliases> {
  if (phoneNumber === undefined) return [];
  const idOf = await idsOf(deps, request);
  const { forwardingNumberId } = request.path;
  const former = backend.aliases.findLast(([id]) => id === forwardingNumberId);
  await backend.remember([[forwardingNumberId, idOf(numberKey(phoneNumber))]], true);
  return former === undefined ? [] : [former];
}

/** A change that failed for certain leaves the ids what they were: the other number may be added later. */
async function orRestored<Result>(
  backend: Backend,
  former: () => Aliases,
  change: Promise<Result>,
): Promise<Result> {
  try {
    return await change;
  } catch (error) {
    if (leavesNothingToFinish(error)) await backend.remember(former(), true);
    throw error;
  }
}

async function updateNew(
  deps: ForwardingDeps,
  request: UpdateRequest,
  backend: Backend,
  body: ForwardingNumberUpdate,
): Promise<ForwardingNumber> {
  const idOf = await idsOf(deps, request);
  let key = "";
  let former: Aliases = [];
  const write = writeNew(deps, request, backend, async (current, state) => {
    const item = await matching(current, request);
    [key = ""] = item.keys;
    const change = planUpdate(current, state, item, body);
    const next = change.ring?.number && numberKey(change.ring.number.phoneNumber);
    if (next !== undefined && next !== key) {
      // The shown one last, as it stays the shown one.
      const ids = [...new Set([request.path.forwardingNumberId, current.show(item).id])];
      const to = (natural: string): Aliases => ids.map((id) => [id, natural]);
      // Both, because the outcome may not be known.
      const aliases = [...to(idOf(key)), ...to(idOf(next))];
      if (!(await backend.remember(aliases, true))) throw new ProblemError("storage_unavailable");
      former = to(idOf(key));
      key = next;
    }
    return change;
  });
  const numbers = await orRestored(backend, () => former, write);
  const item = numbers.byKey(key) ?? (body.phoneNumber && numbers.byNumber(body.phoneNumber));
  if (!item) throw notFound();
  return numbers.show(item);
}

/** Removes a forwarding number. */
export async function deleteForwardingNumber(deps: ForwardingDeps, request: ItemRequest): Promise<undefined> {
  return onBackend(deps, request, {
    legacy: (backend) =>
      onLegacy(deps, request, backend, {
        write: () => legacy.deleteForwardingNumber(deps, request),
        shown: () => [],
        onNew: (isMatched) => deleteNew(deps, isMatched ? withoutMatch(request) : request, backend),
      }),
    new: (backend) => deleteNew(deps, request, backend),
  });
}

async function deleteNew(deps: ForwardingDeps, request: ItemRequest, backend: Backend): Promise<undefined> {
  await writeNew(deps, request, backend, async (numbers) =>
    planRemoval(await matching(numbers, request), request.extensionId),
  );
}

/** One write to legacy call handling. */
interface LegacyWrite<Result> {
  write: () => Promise<Result>;
  /** The numbers whose ids the response gives out. */
  shown: (result: Result) => ForwardingNumber[];
  /** The same on the new call handling. @param isMatched whether `If-Match` has been compared */
  onNew: (isMatched: boolean) => Promise<Result>;
  /** For the caller whose write may have had no effect. */
  advice?: ProblemDetails;
}

async function onLegacy<Result>(
  deps: ForwardingDeps,
  request: WriteRequest,
  backend: Backend,
  { write, shown, onNew, advice = {} }: LegacyWrite<Result>,
): Promise<Result> {
  const idOf = await idsOf(deps, request);
  let result: Result;
  try {
    result = await write();
  } catch (error) {
    // After a move a rejection does not count either: it may be about the numbers before the move.
    const isDue = isVerdict(error) && (await backend.afterWrite()) === "new";
    if (!isDue) throw error;
    return onNew(error instanceof OutcomeUnknown);
  }
  const aliases = aliasesOf(shown(result), request.extensionId, idOf);
  const callHandling = await backend.afterWrite(aliases);
  if (callHandling === undefined) throw new OutcomeUnknown(true, advice);
  return callHandling === "new" ? onNew(true) : result;
}

/** A rejection, ours or RingCentral's, or an outcome that cannot be seen. CMN-468 needs no question. */
function isVerdict(error: unknown): boolean {
  if (!(error instanceof RingCentralError)) return error instanceof ProblemError;
  return error.failure.kind === "rejected" && error.failure.errorCode !== "CMN-468";
}

/** The item of the request's id, in the version that the request may change. */
async function matching(numbers: NewNumbers, { path, ifMatch }: ItemRequest): Promise<Item> {
  const item = await numbers.byId(path.forwardingNumberId);
  requireMatch(ifMatch, numbers.show(item));
  return item;
}

/** The legacy write has compared the version already; on the new call handling the same number has another one. */
function withoutMatch<Request extends ItemRequest>(request: Request): Request {
  return { ...request, ifMatch: undefined };
}
