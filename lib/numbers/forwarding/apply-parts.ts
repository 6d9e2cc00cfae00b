import { ProblemError } from "../../contract/problems.ts";
import { OutcomeUnknown } from "../../contract/write-outcome.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import * as operations from "../../ringcentral/api/call-handling.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import type { CallContext } from "../../ringcentral/api/operation.ts";
import type { RawObject, WireRule } from "../../ringcentral/api/wire-call-handling.ts";
import type { NumbersRequest } from "../shared/request.ts";
import { replaceOnce } from "../shared/write-once.ts";
import { editFlips } from "./edit-flips.ts";
import { dispatchingForRequest, editDispatching, type RingChange } from "./edit-rules.ts";
import { isCustom, isInPlace, rulesToEdit, withRing, withRule } from "./edit-state.ts";
import type { ForwardingState } from "./items.ts";
import { readState } from "./new-numbers.ts";
import type { ForwardingDeps } from "./on-backend.ts";
import { without } from "./raw.ts";
import type { Change } from "./writer.ts";

// The two parts of a change. Each object is read and written by two calls that follow on each other directly:
// RingCentral has no precondition, and what another client changes between them is lost.

/** Rounds of reading and writing one object before a change counts as incomplete: another client keeps undoing it. */
const MAX_ROUNDS = 3;
/** Rules edited by one change: more than an extension has. */
const MAX_RULES = 100;

export async function applyFlip(
  { ringcentral, clock }: ForwardingDeps,
  { extensionId, call }: NumbersRequest,
  { flip }: Change,
  state: ForwardingState,
): Promise<ForwardingState> {
  if (flip === undefined) return state;
  const path = { extensionId };
  const read = (context: CallContext) =>
    withoutEffect(ringcentral.call(operations.readFlips, { path }, fresh(context)));
  const edit = async (context: CallContext) => {
    const rows = await read(context);
    const records = editFlips(rows, flip);
    if (records === rows) return rows;
    return ringcentral.call(operations.replaceFlips, { path, body: { records } }, context);
  };
  const isDone = (rows: readonly RawObject[]) => editFlips(rows, flip) === rows;
  const flips = await inRounds(() => replaceOnce({ clock, call }, edit, read, isDone), isDone);
  return { ...state, flips };
}

/** @throws ProblemError `write_incomplete` when some of the rules are changed */
export async function applyRing(
  deps: ForwardingDeps,
  request: NumbersRequest,
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
  { extensionId, call }: NumbersRequest,
  { id }: WireRule,
  ring: RingChange,
  custom: boolean,
): Promise<WireRule> {
  const path = { extensionId, ruleId: id };
  const [get, update] = custom
    ? [operations.getInteractionRule, operations.updateInteractionRule]
    : [operations.getStateRule, operations.updateStateRule];
  const edited = ({ dispatching }: WireRule) => editDispatching(dispatching, id, ring, extensionId);
  const read = (context: CallContext) => withoutEffect(ringcentral.call(get, { path }, fresh(context)));
  const edit = async (context: CallContext) => {
    const rule = await read(context);
    const next = edited(rule);
    if (next === rule.dispatching) return rule;
    const dispatching = dispatchingForRequest(next);
    // What a custom rule's body lacks may be reset too [docs: RULES].
    const body = custom ? { ...without(rule.raw, "id"), dispatching } : { dispatching };
    return ringcentral.call(update, { path, body }, context);
  };
  const isDone = (rule: WireRule) => edited(rule) === rule.dispatching;
  return inRounds(() => replaceOnce({ clock, call }, edit, read, isDone), isDone);
}

/**
 * Deletes a target from all rules by one call, which touches nothing else. An item fails inside the 200 [docs: TGT].
 */
async function deleteTarget(
  deps: ForwardingDeps,
  request: NumbersRequest,
  ring: RingChange,
  deletion: RawObject,
  before: ForwardingState,
): Promise<ForwardingState> {
  const { ringcentral, clock } = deps;
  const { extensionId, call } = request;
  const read = (context: CallContext) =>
    withoutEffect(readState(deps, { extensionId, call: fresh(context) }));
  const remove = async (context: CallContext) => {
    const input = { path: { extensionId }, body: { records: [deletion] } };
    const { records } = await ringcentral.call(operations.deleteForwardingTargets, input, context);
    const failed = records.find(({ bulkItemSuccessful }) => !bulkItemSuccessful);
    if (failed !== undefined) throw itemFailure(failed.bulkItemErrors?.[0]?.errorCode);
    return withRing(before, ring, extensionId);
  };
  return replaceOnce({ clock, call }, remove, read, (state) =>
    isInPlace("rules", { ring }, state, extensionId),
  );
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
