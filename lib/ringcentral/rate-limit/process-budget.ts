import type { Clock } from "../../platform/clock.ts";
import type { Priority } from "./budget.ts";
import type { RateLimitSettings } from "./limits.ts";

/**
 * What one process may spend while the table is unavailable: a small share of the limit, for interactive calls
 * only. Nobody knows then how many processes there are; sync can wait.
 */
export interface ProcessBudget {
  /** 0 when the call may leave now (it is counted then), else how long until it may. */
  waitMs(priority: Priority, budget: { limit: number; windowMs: number }): number;
  spent(windowMs: number): number;
}

export function createProcessBudget(clock: Clock, limits: RateLimitSettings): ProcessBudget {
  let departures: number[] = [];

  return {
    waitMs(priority, { limit, windowMs }) {
      if (priority === "sync" || limits.processShare <= 0) return limits.maxStoragePauseMs;
      const now = clock.now();
      const spanMs = windowMs + limits.windowGuardMs;
      departures = departures.filter((at) => at > now - spanMs);
      const allowed = Math.max(1, Math.floor(limit * limits.processShare));
      const earlier = departures.at(-allowed);
      if (earlier !== undefined) return earlier + spanMs - now;
      departures.push(now);
      return 0;
    },
    spent: (windowMs) => departures.filter((at) => at > clock.now() - windowMs).length,
  };
}
