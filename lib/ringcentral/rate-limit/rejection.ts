import { omitUndefined } from "../../platform/omit-undefined.ts";
import { RingCentralError, type ShareUsed } from "../api/errors.ts";
import type { Call } from "./account-limits.ts";

const LEAST_WAIT_MS = 1_000;
const WIDEST_SPREAD_MS = 10_000;

/**
 * The error of a call that gets no permit in time.
 * @param kind the cause: RingCentral's limit, or our table
 * @param waitMs until a permit comes free. `retryAfterMs` is longer by up to half, at random, so that calls rejected
 * together do not come back together.
 */
export function rejection(
  { operation }: Call,
  kind: "rate_limited" | "storage",
  waitMs: number,
  random: () => number,
  { cause, share }: { cause?: unknown; share?: ShareUsed | undefined } = {},
): RingCentralError {
  const wait = Math.max(LEAST_WAIT_MS, waitMs);
  const spread = Math.min(WIDEST_SPREAD_MS, Math.max(LEAST_WAIT_MS, wait / 2));
  const retryAfterMs = Math.ceil(wait + random() * spread);
  const failure = { kind, operation, retryAfterMs, mayHaveTakenEffect: false };
  return new RingCentralError({ ...failure, ...omitUndefined({ cause, share }) });
}
