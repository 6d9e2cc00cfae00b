import type { Clock } from "./clock.ts";

/** The latest instant for an invocation's response. No outgoing call outlives it. */
export interface Deadline {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Milliseconds left, never negative. */
  remainingMs(): number;
}

/** Time reserved for encoding a result or a failure and for flushing the log. */
const RESPONSE_RESERVE_MS = 500;

/** @param remainingMs the time the runtime states, such as `context.getRemainingTimeInMillis()` */
export function deadlineIn(remainingMs: number, clock: Clock, reserveMs = RESPONSE_RESERVE_MS): Deadline {
  const at = clock.now() + Math.max(0, Math.floor(remainingMs - reserveMs));
  return { at, remainingMs: () => Math.max(0, at - clock.now()) };
}

/** The same deadline, `byMs` earlier: time reserved for what follows a call. */
export function earlier(deadline: Deadline, byMs: number): Deadline {
  return { at: deadline.at - byMs, remainingMs: () => Math.max(0, deadline.remainingMs() - byMs) };
}
