import type { Clock } from "../platform/clock.ts";
import { deadlineIn } from "../platform/deadline.ts";
import { RingCentralError } from "../ringcentral/api/errors.ts";
import type { CallContext } from "../ringcentral/api/operation.ts";

interface WriteContext {
  clock: Clock;
  call: CallContext;
  /** An earlier attempt of this request may have taken effect: look before sending anything. */
  resolveFirst?: boolean | undefined;
}

/** The share of the remaining time that a write may take; the rest is for finding out its outcome. */
const SENDING_SHARE = 0.6;
/** Pauses before the readings: a write whose response was lost may take a moment to show. */
const READ_BACK_PAUSES_MS = [0, 400, 1_200];
/** The least time for another reading and a response. */
const READ_BACK_MS = 300;

/**
 * Creates a resource once. RingCentral's POSTs are not idempotent [unsure, no key in its description], so an ambiguous
 * outcome (timeout, dropped connection, 5xx, CMN-304) is settled by reading back on the natural key. A resource that is
 * found is the result. One that is not found is sent again only when RingCentral has surely finished the first request:
 * it responded, or ended the connection. After a timeout it may still be working, so nothing is sent and the caller
 * learns that the outcome is unknown.
 *
 * @param send one POST, within the deadline of the given context
 * @param find the resource by its natural key, if there is one
 */
export async function createOnce<Wire>(
  context: WriteContext,
  send: (call: CallContext) => Promise<Wire>,
  find: (call: CallContext) => Promise<Wire | undefined>,
): Promise<Wire> {
  if (context.resolveFirst) {
    const existing = await find(fresh(context.call));
    if (existing !== undefined) return existing;
  }
  try {
    return await send(firstCall(context));
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    const existing = await readBack(context, error, find);
    if (existing !== undefined) return existing;
    if (mayStillBeWorking(error)) throw error;
    return send(context.call);
  }
}

/** Replaces a resource. Repeating is harmless: after an ambiguous outcome it is read, and sent again if needed. */
export async function replaceOnce<Wire>(
  context: WriteContext,
  send: (call: CallContext) => Promise<Wire>,
  read: (call: CallContext) => Promise<Wire>,
  isAsWanted: (wire: Wire) => boolean,
): Promise<Wire> {
  try {
    return await send(firstCall(context));
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    const find = async (call: CallContext) => {
      const current = await read(call);
      return isAsWanted(current) ? current : undefined;
    };
    const replaced = await readBack(context, error, find);
    return replaced ?? send(context.call);
  }
}

/** Removes a resource. "Not found" means success on the second attempt [docs: ERR], a caller's mistake on the first. */
export async function deleteOnce(
  context: WriteContext,
  send: (call: CallContext) => Promise<void>,
): Promise<void> {
  try {
    await send(firstCall(context));
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    await send(context.call).catch((again: unknown) => {
      if (!isGone(again)) throw again;
    });
  }
}

function firstCall({ clock, call }: WriteContext): CallContext {
  return { ...call, deadline: deadlineIn(call.deadline.remainingMs() * SENDING_SHARE, clock, 0) };
}

/** A read that looks for the effect of a write must not join one that began before it. */
const fresh = (call: CallContext): CallContext => ({ ...call, fresh: true });

function isAmbiguous(error: unknown): error is RingCentralError {
  return error instanceof RingCentralError && error.failure.mayHaveTakenEffect;
}

/** No response came, or the same write is in progress elsewhere (CMN-304). [docs: ERR] */
function mayStillBeWorking({ failure }: RingCentralError): boolean {
  return failure.kind === "timeout" || failure.errorCode === "CMN-304";
}

function isGone(error: unknown): boolean {
  return (
    error instanceof RingCentralError && error.failure.status === 404 && error.failure.errorCode === "CMN-102"
  );
}

/** @throws the write's error when reading back fails too: the outcome stays unknown */
async function readBack<Wire>(
  { clock, call }: WriteContext,
  cause: RingCentralError,
  find: (call: CallContext) => Promise<Wire | undefined>,
): Promise<Wire | undefined> {
  for (const pauseMs of READ_BACK_PAUSES_MS) {
    if (call.deadline.remainingMs() < pauseMs + READ_BACK_MS) throw cause;
    await clock.sleep(pauseMs);
    let found: Wire | undefined;
    try {
      found = await find(fresh(call));
    } catch {
      throw cause;
    }
    if (found !== undefined) return found;
  }
  return undefined;
}
