import { RingCentralError, type RingCentralFailure } from "./api/errors.ts";
import type { Operation } from "./api/operation.ts";

/** Attempts after the first. */
export const MAX_RETRIES = 2;
const BASE_DELAY_MS = 200;
const MAX_DELAY_MS = 2_000;
/** Time another attempt needs to be worth waiting for: with less, the answer had better be the failure. */
export const ROOM_FOR_ATTEMPT_MS = 1_000;

/**
 * How long to wait before repeating a failed call, or undefined when it must not or cannot be repeated.
 *
 * Only reads are repeated: what became of a write is found out by reading back, a layer above. A 429 never is,
 * because every request during the penalty restarts it [docs: RATE]. The delay is full-jitter exponential; a
 * stated Retry-After is the least wait, and counts only if it leaves room to answer.
 *
 * @param retries how many there have been
 */
export function retryDelayMs(
  operation: Pick<Operation<unknown>, "method">,
  error: unknown,
  retries: number,
  remainingMs: number,
  random: () => number,
): number | undefined {
  if (operation.method !== "GET" || retries >= MAX_RETRIES) return undefined;
  if (!(error instanceof RingCentralError) || !isTransient(error.failure)) return undefined;
  const jitterMs = Math.floor(random() * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** retries));
  const delayMs = (error.failure.retryAfterMs ?? 0) + jitterMs;
  return delayMs + ROOM_FOR_ATTEMPT_MS <= remainingMs ? delayMs : undefined;
}

/**
 * A connection refused or dropped, a 503, and a 5xx are worth another try. 501 is a verdict, and a whole body that
 * is not what was promised will not be another one the next time.
 */
function isTransient({ kind, status }: RingCentralFailure): boolean {
  if (kind === "unavailable") return true;
  return kind === "broken" && (status === undefined || (status >= 500 && status !== 501));
}
