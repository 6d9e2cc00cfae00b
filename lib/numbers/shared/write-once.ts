import { OutcomeUnknown, UNKEYED, type WriteStep } from "../../contract/write-outcome.ts";
import type { Clock } from "../../platform/clock.ts";
import { deadlineIn } from "../../platform/deadline.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import type { CallContext } from "../../ringcentral/api/operation.ts";

export interface WriteContext {
  clock: Clock;
  call: CallContext;
  step?: WriteStep | undefined;
}

/** The share of the remaining time that a write may take; the rest is for finding out its outcome. */
const SENDING_SHARE = 0.6;
/** Pauses before the readings after a POST: a gateway that gave up may be seconds ahead of its back end. */
const CREATED_PAUSES_MS = [0, 500, 1_500, 3_000];
/** Pauses before the readings after a PUT. A PUT may also be sent again. */
const REPLACED_PAUSES_MS = [0, 500];
/** The least time for another reading and a response. */
const READ_BACK_MS = 300;

/**
 * Creates a resource at most once. RingCentral's POSTs are not idempotent (no key in its description [unsure]), and after
 * a timeout, a dropped connection, 408, a 5xx or CMN-304 its back end may complete the POST at any later time. It is
 * therefore never sent again here: the resource is looked for, and if it does not show, the outcome is unknown.
 *
 * @param send one POST, within the deadline of the given context
 * @param find the resource exactly as asked for, if there is one
 * @throws OutcomeUnknown
 */
export async function createOnce<Wire>(
  { clock, call, step = "run" }: WriteContext,
  send: (call: CallContext) => Promise<Wire>,
  find: (call: CallContext) => Promise<Wire | undefined>,
): Promise<Wire> {
  if (step !== "run") {
    const existing = await find(fresh(call)).catch((error: unknown) => {
      throw error instanceof RingCentralError ? unknownOutcome(error, false) : error;
    });
    if (existing !== undefined) return existing;
    if (step === "look") throw new OutcomeUnknown(false);
  }
  try {
    return await send(firstCall(clock, call));
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    const existing = await readBack(clock, call, CREATED_PAUSES_MS, find);
    if (existing !== undefined) return existing;
    throw unknownOutcome(error, true, UNKEYED);
  }
}

const REPEATABLE = {
  detail:
    "The write may have taken effect, or still may within two minutes. Repeat it, or with If-Match read the resource first.",
};

/**
 * Replaces a resource. Repeating is harmless: after an ambiguous outcome it is read, and sent again if needed.
 * @throws OutcomeUnknown
 */
export async function replaceOnce<Wire>(
  { clock, call }: WriteContext,
  send: (call: CallContext) => Promise<Wire>,
  read: (call: CallContext) => Promise<Wire>,
  isAsWanted: (wire: Wire) => boolean,
): Promise<Wire> {
  try {
    return await send(firstCall(clock, call));
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    const replaced = await readBack(clock, call, REPLACED_PAUSES_MS, async (context) => {
      const current = await read(context);
      return isAsWanted(current) ? current : undefined;
    });
    return replaced ?? (await send(call).catch(unknownAfterRepeating));
  }
}

/**
 * Removes a resource. "Not found" means success on the second attempt [docs: ERR], a caller's mistake on the first.
 * @throws OutcomeUnknown
 */
export async function deleteOnce(
  { clock, call }: WriteContext,
  send: (call: CallContext) => Promise<void>,
): Promise<void> {
  try {
    await send(firstCall(clock, call));
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    await send(call).catch((again: unknown) => {
      if (!isGone(again)) unknownAfterRepeating(again);
    });
  }
}

function firstCall(clock: Clock, call: CallContext): CallContext {
  return { ...call, deadline: deadlineIn(call.deadline.remainingMs() * SENDING_SHARE, clock, 0) };
}

/** A read that looks for the effect of a write must not join one that began before it. */
const fresh = (call: CallContext): CallContext => ({ ...call, fresh: true });

function isAmbiguous(error: unknown): error is RingCentralError {
  return error instanceof RingCentralError && error.failure.mayHaveTakenEffect;
}

export function isGone(error: unknown): boolean {
  return (
    error instanceof RingCentralError && error.failure.status === 404 && error.failure.errorCode === "CMN-102"
  );
}

/** @throws always: whatever the outcome of the repetition, the first write may have taken effect */
function unknownAfterRepeating(again: unknown): never {
  throw again instanceof RingCentralError ? unknownOutcome(again, true, REPEATABLE) : again;
}

function unknownOutcome(
  cause: RingCentralError,
  sent: boolean,
  advice: { detail?: string; retryable?: boolean } = {},
): OutcomeUnknown {
  const { status, errorCode, requestId, retryAfterMs } = cause.failure;
  return new OutcomeUnknown(sent, {
    ...advice,
    ...(retryAfterMs !== undefined && { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) }),
    upstream: omitUndefined({ status, errorCode, requestId }),
    cause,
  });
}

/** @returns undefined when it is not found, cannot be read, or time runs out */
async function readBack<Wire>(
  clock: Clock,
  call: CallContext,
  pausesMs: readonly number[],
  find: (call: CallContext) => Promise<Wire | undefined>,
): Promise<Wire | undefined> {
  for (const pauseMs of pausesMs) {
    if (call.deadline.remainingMs() < pauseMs + READ_BACK_MS) return undefined;
    await clock.sleep(pauseMs);
    try {
      const found = await find(fresh(call));
      if (found !== undefined) return found;
    } catch (error) {
      if (!(error instanceof RingCentralError)) throw error;
      return undefined;
    }
  }
  return undefined;
}
