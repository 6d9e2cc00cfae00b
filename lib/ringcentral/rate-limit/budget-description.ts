import { type Budget, countUses, type Use, withoutOldUses } from "./budget.ts";
import { gateState } from "./gate.ts";
import type { RateLimitSettings } from "./limits.ts";
import { currentOutsideUse } from "./outside-use.ts";
import type { TimeBounds } from "./reference-time.ts";

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
  /** An estimate; RingCentral's own count may be higher by what others did since. */
  remaining: number;
  pause: { state: "none" | "paused" | "probe_due" | "probing"; until?: number };
  /** What spent it, in the present window. At most 25 routes; further ones are `other`. */
  spentByRoute: Record<string, { interactive: number; sync: number }>;
  /** Whether this is the fleet's view, or this process's while the table is unavailable. */
  seenBy: "fleet" | "process";
}

export function describeBudget(
  group: string,
  budget: Budget,
  time: TimeBounds,
  seenBy: BudgetDescription["seenBy"],
  limits: RateLimitSettings,
): BudgetDescription {
  const { limit, windowMs, confirmed, wideUntil = 0 } = budget;
  const now = time.earliest;
  const uses = withoutOldUses(budget.uses, windowMs + limits.windowGuardMs, now);
  const granted = countUses(uses);
  const external = currentOutsideUse(budget, time.latest, limits.windowGuardMs);
  const gate = gateState(budget.gate, now);
  const closedUntil = Math.max(wideUntil, "until" in gate ? gate.until : 0);
  const state = wideUntil > now ? "paused" : edgeState[gate.state];
  return {
    group,
    limit,
    windowMs,
    confirmed,
    granted,
    external,
    remaining: state === "none" ? Math.max(0, limit - granted - external) : 0,
    pause: { state, ...(closedUntil > now && { until: closedUntil }) },
    spentByRoute: spentByRoute(uses),
    seenBy,
  };
}

const edgeState = { open: "none", closed: "paused", due: "probe_due", probing: "probing" } as const;

function spentByRoute(uses: readonly Use[]): BudgetDescription["spentByRoute"] {
  const spent = new Map<string, { interactive: number; sync: number }>();
  for (const { route, priority, count } of uses) {
    const known = spent.get(route) ?? { interactive: 0, sync: 0 };
    spent.set(route, { ...known, [priority]: known[priority] + count });
  }
  return Object.fromEntries(spent);
}
