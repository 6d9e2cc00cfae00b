import { type AccountLimits, groupIn, pauseOf } from "./account-limits.ts";
import type { ClockBounds } from "./clock-bounds.ts";
import { currentUsage } from "./external-usage.ts";
import type { PauseState } from "./pause.ts";
import { countPermits, type LogEntry, withoutExpired } from "./permit-log.ts";
import type { RateLimitSettings } from "./settings.ts";

/** One budget, for `GET /v1/limits`. Instants are epoch milliseconds. */
export interface BudgetDescription {
  /** As RingCentral names it. */
  group: string;
  limit: number;
  windowMs: number;
  /** RingCentral has confirmed the limit. */
  confirmed: boolean;
  /** Permits granted that count in the present window. */
  granted: number;
  /** Calls of other clients in it, as far as known. */
  external: number;
  /** An estimate: RingCentral's count may include calls of others that the fleet has not heard of. */
  remaining: number;
  pause: { state: PauseState["state"]; until?: number };
  /** The routes that spent it, in the present window. At most 25; further ones are `other`. */
  spentByRoute: Record<string, { interactive: number; sync: number }>;
  /** The fleet's view, or this process's while the table is unavailable. */
  seenBy: "fleet" | "process";
}

/** Every budget that is documented or known. */
export function describe(
  limits: AccountLimits,
  bounds: ClockBounds,
  seenBy: BudgetDescription["seenBy"],
  settings: RateLimitSettings,
): BudgetDescription[] {
  const names = new Set([...Object.keys(settings.budgets), ...Object.keys(limits.groups)]);
  return [...names].map((name) => {
    const group = groupIn(limits, name, settings);
    const { limit, windowMs, confirmed } = group;
    const log = withoutExpired(group.log, windowMs + settings.windowGuardMs, bounds.earliest);
    const granted = countPermits(log);
    const external = currentUsage(group, bounds.latest, settings.windowGuardMs);
    const pause = pauseOf(limits, name, bounds.earliest);
    const remaining = pause.state === "none" ? Math.max(0, limit - granted - external) : 0;
    const spent = spentByRoute(log);
    const known = { limit, windowMs, confirmed, granted, external, remaining, pause };
    return { group: name, ...known, spentByRoute: spent, seenBy };
  });
}

function spentByRoute(log: readonly LogEntry[]): BudgetDescription["spentByRoute"] {
  const spent = new Map<string, { interactive: number; sync: number }>();
  for (const { route, priority, count } of log) {
    const known = spent.get(route) ?? { interactive: 0, sync: 0 };
    spent.set(route, { ...known, [priority]: known[priority] + count });
  }
  return Object.fromEntries(spent);
}
