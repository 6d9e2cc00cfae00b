import type { Clock } from "../platform/clock.ts";
import { type Deadline, deadlineIn } from "../platform/deadline.ts";
import { RingCentralError } from "../ringcentral/api/errors.ts";

export interface WriteContext {
  clock: Clock;
  deadline: Deadline;
  /** An earlier try of this very request may have taken effect: look before sending anything. */
  resolveFirst?: boolean | undefined;
}

/** The share of the time that is left which a write may take; the rest is for finding out what became of it. */
const SENDING_SHARE = 0.6;
/** Pauses between readings: a write whose answer was lost may take a moment to show. */
const READ_BACK_PAUSES_MS = [0, 400, 1_200];
/** Less time than this is not enough for another reading and an answer. */
const READ_BACK_MS = 300;

/**
 * Creates a resource so that it exists once. RingCentral's POSTs know no idempotency [unsure, no key in its
 * description], so an ambiguous outcome (timeout, dropped connection, 5xx, CMN-304) is settled by reading back on the
 * natural key. What is found is the answer. What is not found is sent again only when RingCentral is surely done with
 * the first request: it answered, or ended the connection. After a timeout it may still be working, so the caller is
 * told that the outcome is unknown, and nothing is sent.
 *
 * @param send one POST, within the deadline it is given
 * @param find the resource by its natural key, if there is one
 */
export async function createOnce<Wire>(
  context: WriteContext,
  send: (deadline: Deadline) => Promise<Wire>,
  find: (deadline: Deadline) => Promise<Wire | undefined>,
): Promise<Wire> {
  if (context.resolveFirst) {
    const existing = await find(context.deadline);
    if (existing !== undefined) return existing;
  }
  try {
    return await send(sendingDeadline(context));
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    const existing = await readBack(context, error, find);
    if (existing !== undefined) return existing;
    if (mayStillBeWorking(error)) throw error;
    return send(context.deadline);
  }
}

/**
 * Replaces a resource. A complete replacement may be repeated without harm, so after an ambiguous outcome it is
 * read, and sent again unless it is as wanted already.
 */
export async function replaceOnce<Wire>(
  context: WriteContext,
  send: (deadline: Deadline) => Promise<Wire>,
  read: (deadline: Deadline) => Promise<Wire>,
  isAsWanted: (wire: Wire) => boolean,
): Promise<Wire> {
  try {
    return await send(sendingDeadline(context));
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    const find = async (deadline: Deadline) => {
      const current = await read(deadline);
      return isAsWanted(current) ? current : undefined;
    };
    const replaced = await readBack(context, error, find);
    return replaced ?? send(context.deadline);
  }
}

/**
 * Removes a resource. Repeating is harmless, and "not found" is what success looks like the second time
 * [docs: ERR]; the first time it is the caller's mistake.
 */
export async function deleteOnce(
  context: WriteContext,
  send: (deadline: Deadline) => Promise<void>,
): Promise<void> {
  try {
    await send(sendingDeadline(context));
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    await send(context.deadline).catch((again: unknown) => {
      if (!isGone(again)) throw again;
    });
  }
}

function sendingDeadline({ clock, deadline }: WriteContext): Deadline {
  return deadlineIn(deadline.remainingMs() * SENDING_SHARE, clock, 0);
}

function isAmbiguous(error: unknown): error is RingCentralError {
  return error instanceof RingCentralError && error.failure.mayHaveTakenEffect;
}

/** No answer came, or another instance of the same write is under way (CMN-304). [docs: ERR] */
function mayStillBeWorking({ failure }: RingCentralError): boolean {
  return failure.kind === "timeout" || failure.errorCode === "CMN-304";
}

function isGone(error: unknown): boolean {
  return (
    error instanceof RingCentralError && error.failure.status === 404 && error.failure.errorCode === "CMN-102"
  );
}

/** @throws the write's own error when reading back fails too: the outcome stays unknown */
async function readBack<Wire>(
  { clock, deadline }: WriteContext,
  cause: RingCentralError,
  find: (deadline: Deadline) => Promise<Wire | undefined>,
): Promise<Wire | undefined> {
  for (const pauseMs of READ_BACK_PAUSES_MS) {
    if (deadline.remainingMs() < pauseMs + READ_BACK_MS) throw cause;
    await clock.sleep(pauseMs);
    let found: Wire | undefined;
    try {
      found = await find(deadline);
    } catch {
      throw cause;
    }
    if (found !== undefined) return found;
  }
  return undefined;
}
