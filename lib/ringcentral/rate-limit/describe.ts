import {
  countPermits,
  currentLog,
  DOCUMENTED_LIMITS,
  externalCalls,
  groupIn,
  pauseOf,
} from "./account-limits.ts";
import type { ClockBounds } from "./clock-bounds.ts";
import type { AccountLimits, LogEntry } from "./limits-record.ts";
import type { PauseState } from "./pause.ts";

/** Every budget that is documented or known, for `GET /v1/limits`. Instants are epoch milliseconds. */
export function describe(limits: AccountLimits, bounds: ClockBounds) {
  const names = new Set([...Object.keys(DOCUMENTED_LIMITS), ...Object.keys(limits.groups)]);
  return [...names].map((name) => {
    const group = groupIn(limits, name);
    const { limit, windowMs, confirmed } = group;
    const log = currentLog(group, bounds.earliest);
    const granted = countPermits(log);
    const external = externalCalls(group, bounds.latest);
    const pause: { state: PauseState["state"]; until?: number } = pauseOf(limits, name, bounds.earliest);
    // An estimate: RingCentral's count may include calls of others that the fleet has not heard of.
    const remaining = pause.state === "none" ? Math.max(0, limit - granted - external) : 0;
    const known = { limit, windowMs, confirmed, granted, external, remaining };
    return { group: name, ...known, pause, spentByRoute: spentByRoute(log) };
  });
}

function spentByRoute(log: readonly LogEntry[]) {
  const spent = new Map<string, { interactive: number; sync: number }>();
  for (const { route, priority, count } of log) {
    const known = spent.get(route) ?? { interactive: 0, sync: 0 };
    spent.set(route, { ...known, [priority]: known[priority] + count });
  }
  return Object.fromEntries(spent);
}
