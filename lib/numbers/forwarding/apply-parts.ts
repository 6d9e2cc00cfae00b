import { ProblemError } from "../../contract/problems.ts";
import { OutcomeUnknown } from "../../contract/write-outcome.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import * as operations from "../../ringcentral/api/call-handling.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import type { CallContext } from "../../ringcentral/api/operation.ts";
import type { RawObject, WireRule } from "../../ringcentral/api/wire-call-handling.ts";
import type { NumbersRequest } from "../shared/request.ts";
import { replaceOnce } from "../shared/write-once.ts";
import { editFlips, showsFlip } from "./edit-flips.ts";
import { dispatchingForRequest, editDispatching, type RingChange, showsRing } from "./edit-rules.ts";
import { isCustom, isInPlace, rulesToEdit, withRing, withRule } from "./edit-state.ts";
import type { ForwardingState } from "./items.ts";
import { readState } from "./new-numbers.ts";
import type { ForwardingDeps } from "./on-backend.ts";
import { without } from "./raw.ts";
import type { Change, Writer } from "./writer.ts";

// The two parts of a change. Each object is read and written by two calls that follow on each other directly:
// RingCentral has no precondition, and what another client changes between them is lost.

/** Rounds of reading and writing one object before a change counts as incomplete: another client keeps undoing it. */
const MAX_ROUNDS = 3;
/** Rules edited by one change: more than an extension has. */
const MAX_RULES = 100;

export interface ApplyRequest extends NumbersRequest {
  /** Kept out when a write may still take effect: its outcome is unknown, or it was sent again as it did not show. */
  writer: Pick<Writer, "keepOut" | "keepsOut">;
}

export async function applyFlip(
  { ringcentral, clock }: ForwardingDeps,
  request: ApplyRequest,
  { flip }: Change,
  state: ForwardingState,
): Promise<ForwardingState> {
  if (flip === undefined) return state;
  const path = { extensionId: request.extensionId };
  const read = (context: CallContext) =>
    withoutEffect(ringcentral.call(operations.readFlips, { path }, fresh(context)));
  const edit = async (context: CallContext, send: Send) => {
    const rows = await read(context);
    const records = editFlips(rows, flip);
    if (records === rows) return rows;
    return send(ringcentral.call(operations.replaceFlips, { path, body: { records } }, context));
  };
  const isDone = (rows: readonly RawObject[]) => editFlips(rows, flip) === rows;
  const isEvident = (rows: readonly RawObject[]) => showsFlip(rows, flip);
  const replacement = { edit, read, isDone, isEvident };
  const flips = await inRounds(() => replaceWatched({ ...request, clock }, replacement), isDone);
  return { ...state, flips };
}

/** @throws ProblemError `write_incomplete` when some of the rules are changed */
export async function applyRing(
  deps: ForwardingDeps,
  request: ApplyRequest,
  change: Change,
  before: ForwardingState,
): Promise<ForwardingState> {
  const { ring, deletion } = change;
  if (ring === undefined) return before;
  if (deletion !== undefined) return deleteTarget(deps, request, ring, deletion, before);
  let state = before;
  for (let done = 0; done < MAX_RULES; done += 1) {
    const [rule] = rulesToEdit(state, ring, request.extensionId);
    if (rule === undefined) return state;
    try {
      state = withRule(state, await editRule(deps, request, rule, ring, isCustom(state, rule)));
    } catch (error) {
      throw done > 0 ? incomplete(error) : error;
    }
  }
  throw new ProblemError("write_incomplete");
}

async function editRule(
  { ringcentral, clock }: ForwardingDeps,
  request: ApplyRequest,
  { id }: WireRule,
  ring: RingChange,
  custom: boolean,
): Promise<WireRule> {
  const { extensionId } = request;
  const path = { extensionId, ruleId: id };
  const [get, update] = custom
    ? [operations.getInteractionRule, operations.updateInteractionRule]
    : [operations.getStateRule, operations.updateStateRule];
  const edited = ({ dispatching }: WireRule) => editDispatching(dispatching, id, ring, extensionId);
  const read = (context: CallContext) => withoutEffect(ringcentral.call(get, { path }, fresh(context)));
  const edit = async (context: CallContext, send: Send) => {
    const rule = await read(context);
    const next = edited(rule);
    if (next === rule.dispatching) return rule;
    const dispatching = dispatchingForRequest(next);
    // What a custom rule's body lacks may be reset too [docs: RULES].
    const body = custom ? { ...without(rule.raw, "id"), dispatching } : { dispatching };
    return send(ringcentral.call(update, { path, body }, context));
  };
  const isDone = (rule: WireRule) => edited(rule) === rule.dispatching;
  const isEvident = ({ dispatching }: WireRule) => showsRing(dispatching, id, ring, extensionId);
  const replacement = { edit, read, isDone, isEvident };
  return inRounds(() => replaceWatched({ ...request, clock }, replacement), isDone);
}

/** Passes a write on, and notes how it ends. */
type Send = <Result>(write: Promise<Result>) => Promise<Result>;

interface Replacement<Wire> {
  edit: (call: CallContext, send: Send) => Promise<Wire>;
  read: (call: CallContext) => Promise<Wire>;
  isDone: (wire: Wire) => boolean;
  /** Whether an object that is as wanted shows that this write, and not another client's, has made it so. */
  isEvident: (wire: Wire) => boolean;
}

/** Replaces an object, and says when a write of it may still take effect, with the object as it was read before. */
async function replaceWatched<Wire>(
  { clock, call, writer }: ApplyRequest & Pick<ForwardingDeps, "clock">,
  { edit, read, isDone, isEvident }: Replacement<Wire>,
): Promise<Wire> {
  const sent: ("ended" | "open")[] = [];
  const send: Send = async (write) => {
    const at = sent.push("ended") - 1;
    try {
      return await write;
    } catch (error) {
      if (mayTakeEffectLater(error)) sent[at] = "open";
      throw error;
    }
  };
  try {
    const wire = await replaceOnce({ clock, call }, (context) => edit(context, send), read, isDone);
    // What was sent once, and shows by now, has ended.
    if (sent.includes("open") && (sent.length > 1 || !isEvident(wire))) writer.keepOut();
    return wire;
  } catch (error) {
    if (sent.includes("open")) writer.keepOut();
    throw error;
  }
}

/** No response, or a gateway's that gave up. A 503 is RingCentral's own: it has not begun. */
function mayTakeEffectLater(error: unknown): boolean {
  return (
    error instanceof RingCentralError &&
    error.failure.mayHaveTakenEffect &&
    error.failure.kind !== "unavailable"
  );
}

/**
 * Deletes a target from all rules by one call, which touches nothing else. An item fails inside the 200 [docs: TGT].
 */
async function deleteTarget(
  deps: ForwardingDeps,
  request: ApplyRequest,
  ring: RingChange,
  deletion: RawObject,
  before: ForwardingState,
): Promise<ForwardingState> {
  const { ringcentral, clock } = deps;
  const { extensionId } = request;
  const read = (context: CallContext) =>
    withoutEffect(readState(deps, { extensionId, call: fresh(context) }));
  const remove = async (context: CallContext, send: Send) => {
    const input = { path: { extensionId }, body: { records: [deletion] } };
    const { records } = await send(ringcentral.call(operations.deleteForwardingTargets, input, context));
    const failed = records.find(({ bulkItemSuccessful }) => !bulkItemSuccessful);
    if (failed !== undefined) throw itemFailure(failed.bulkItemErrors?.[0]?.errorCode);
    return withRing(before, ring, extensionId);
  };
  const isDone = (state: ForwardingState) => isInPlace("rules", { ring }, state, extensionId);
  const replacement = { edit: remove, read, isDone, isEvident: () => false };
  return replaceWatched({ ...request, clock }, replacement);
}

function itemFailure(errorCode: string | undefined): RingCentralError {
  return new RingCentralError({
    kind: "bad_response",
    operation: operations.deleteForwardingTargets.name,
    status: 200,
    mayHaveTakenEffect: false,
    ...omitUndefined({ errorCode }),
  });
}

/**
 * The response shows what was stored. When it lacks the change, another client was faster: the change is merged anew.
 */
async function inRounds<Wire>(write: () => Promise<Wire>, isDone: (wire: Wire) => boolean): Promise<Wire> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const stored = await write();
    if (isDone(stored)) return stored;
  }
  throw new ProblemError("write_incomplete", {
    detail: "RingCentral's responses do not show the change. Another client may be undoing it.",
  });
}

/** Any failure after a part was done. */
export function incomplete(error: unknown): unknown {
  if (error instanceof ProblemError && !(error instanceof OutcomeUnknown)) {
    return error.code === "write_incomplete" ? error : new ProblemError("write_incomplete", { cause: error });
  }
  const cause = error instanceof OutcomeUnknown ? error.details.cause : error;
  if (!(cause instanceof RingCentralError)) return error;
  const { status, errorCode, requestId, retryAfterMs } = cause.failure;
  const retryAfterSeconds = retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1000);
  const upstream = omitUndefined({ status, errorCode, requestId });
  return new ProblemError("write_incomplete", { upstream, cause, ...omitUndefined({ retryAfterSeconds }) });
}

/** A read that fails has changed nothing, whatever became of it. */
export async function withoutEffect<Result>(reading: Promise<Result>): Promise<Result> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof RingCentralError)) throw error;
    throw new RingCentralError({ ...error.failure, mayHaveTakenEffect: false });
  }
}

/** A write is based on what RingCentral has now. */
const fresh = (call: CallContext): CallContext => ({ ...call, fresh: true });
