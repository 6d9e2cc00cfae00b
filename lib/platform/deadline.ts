import type { Clock } from "./clock.ts";

/**
 * The instant by which an invocation must have answered. Every outgoing call takes its timeout from here, so
 * that nothing outlives the Lambda that started it.
 */
export interface Deadline {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Milliseconds left, never negative. */
  remainingMs(): number;
}

/** Time kept back for turning a result (or a failure) into an answer and flushing the log. */
export const RESPONSE_RESERVE_MS = 500;

/** @param remainingMs what the runtime says is left, such as `context.getRemainingTimeInMillis()` */
export function deadlineIn(remainingMs: number, clock: Clock, reserveMs = RESPONSE_RESERVE_MS): Deadline {
  const at = clock.now() + Math.max(0, Math.floor(remainingMs - reserveMs));
  return { at, remainingMs: () => Math.max(0, at - clock.now()) };
}
