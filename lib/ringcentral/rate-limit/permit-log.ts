import type { ClockBounds } from "./clock-bounds.ts";
import type { Priority } from "./ports.ts";

/** Permits granted together. */
export interface LogEntry {
  /** Fleet time; RingCentral has received the requests by then, or never will. */
  by: number;
  count: number;
  priority: Priority;
  route: string;
}

/** The right to send one request, and what its response is compared with. */
export interface GrantedPermit {
  group: string;
  /** The group the operation is documented in. */
  documented: string;
  operation: string;
  priority: Priority;
  route: string;
  /** Its entry in the record; absent when the fallback limiter granted it. */
  entry?: LogEntry;
  /** The name of the probe, if the request is one. */
  probe?: string;
  grantedAt: ClockBounds;
}

export function countPermits(log: readonly LogEntry[]): number {
  return log.reduce((sum, { count }) => sum + count, 0);
}

/** `by` of the `n`-th latest permit, counting from 1. */
export function nthLatest(log: readonly LogEntry[], n: number): number | undefined {
  let left = n;
  for (const { by, count } of log.toReversed()) {
    left -= count;
    if (left <= 0) return by;
  }
  return undefined;
}

/** The log stays sorted by `by`. */
export function withEntry(log: readonly LogEntry[], added: LogEntry): LogEntry[] {
  const same = log.findIndex(
    ({ by, priority, route }) => by === added.by && priority === added.priority && route === added.route,
  );
  if (same >= 0) return log.map((one, i) => (i === same ? { ...one, count: one.count + added.count } : one));
  const at = log.findLastIndex(({ by }) => by <= added.by) + 1;
  return log.toSpliced(at, 0, added);
}

/** Without the entries that RingCentral's window has passed. */
export function withoutExpired(log: readonly LogEntry[], spanMs: number, now: number): LogEntry[] {
  return log.filter(({ by }) => by + spanMs > now);
}

/**
 * The instant under which a permit is logged. Large limits are logged in steps, so that the record stays small;
 * rounding up is safe.
 */
export function logInstant(by: number, { limit, windowMs }: { limit: number; windowMs: number }): number {
  const stepMs = limit <= 120 ? 1 : Math.ceil(windowMs / 240);
  return Math.ceil(by / stepMs) * stepMs;
}
