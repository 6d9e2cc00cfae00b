import { RingCentralError } from "../api/errors.ts";

const LEAST_MS = 1_000;
const WIDEST_SPREAD_MS = 10_000;

/**
 * A call that cannot be admitted in time.
 * @param waitMs until a permit truly comes free; what is told is later by up to half as much, at random, so that
 * those who were refused together do not come back together
 */
export function refusal(waitMs: number, random: () => number, cause?: unknown): RingCentralError {
  const wait = Math.max(LEAST_MS, waitMs);
  const spread = Math.min(WIDEST_SPREAD_MS, Math.max(LEAST_MS, wait / 2));
  return new RingCentralError({
    kind: "rate_limited",
    operation: "admit",
    retryAfterMs: Math.ceil(wait + random() * spread),
    mayHaveTakenEffect: false,
    ...(cause !== undefined && { cause }),
  });
}
