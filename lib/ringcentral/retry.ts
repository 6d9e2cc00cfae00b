import type { FailureKind, RingCentralError } from "./api/errors.ts";
import type { Operation } from "./api/operation.ts";

/** Retries after the first attempt. */
const MAX_RETRIES = 2;
const BASE_DELAY_MS = 200;
const MAX_DELAY_MS = 2_000;
/** The least time that makes another attempt worth a wait. With less, the caller gets the failure at once. */
const ROOM_FOR_ATTEMPT_MS = 1_000;

/**
 * The delay before a failed call is sent again, or undefined when it must not be.
 *
 * Only reads are repeated: a layer above finds the outcome of a write by reading it back. A 429 never is, because
 * every request during the penalty restarts it [docs: RATE]. The delay is exponential with full jitter. A stated
 * Retry-After is the minimum, and rules the retry out when it leaves no room for the attempt.
 *
 * @param retries how many there have been
 */
export function retryDelayMs(
  { method }: Pick<Operation<unknown>, "method">,
  error: RingCentralError,
  retries: number,
  remainingMs: number,
  random: () => number,
): number | undefined {
  if (method !== "GET" || retries >= MAX_RETRIES || !isRepeatable(error)) return undefined;
  const jitterMs = Math.floor(random() * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** retries));
  const delayMs = (error.failure.retryAfterMs ?? 0) + jitterMs;
  return delayMs + ROOM_FOR_ATTEMPT_MS <= remainingMs ? delayMs : undefined;
}

/** Failures that another attempt at once would meet again. */
const lasting: ReadonlySet<FailureKind> = new Set(["rate_limited", "storage", "locked", "limited_mode"]);

/**
 * A refused or dropped connection, a kept one that stayed silent, a 503 and other 5xx. Not 501, which is final, and not
 * a complete body that fails its schema: it would fail again.
 */
function isRepeatable({ isTransient, failure }: RingCentralError): boolean {
  const { kind, status, wasKeptConnection = false } = failure;
  if (!isTransient || lasting.has(kind) || (kind === "timeout" && !wasKeptConnection)) return false;
  return status === undefined || (status >= 500 && status !== 501);
}
