import type { Clock } from "../../platform/clock.ts";
import type { Priority, Use } from "./budget.ts";
import type { RateLimitSettings } from "./limits.ts";

/**
 * Permits this process has leased ahead of demand, or got back unused: good for a second or so, because a gate
 * that closes elsewhere is not heard of meanwhile.
 */
export interface HeldPermits {
  take(priority: Priority): Use | undefined;
  add(use: Use, usableUntil: number): void;
  /** Removes and returns what is no longer usable. */
  expired(): Use[];
  clear(): Use[];
  /** Counts a call; how many more are to be expected before a permit leased now is too old. */
  demand(calls: number): number;
}

export function createHeldPermits(clock: Clock, limits: RateLimitSettings): HeldPermits {
  let held: Array<{ use: Use; usableUntil: number }> = [];
  let calls: Array<{ at: number; count: number }> = [];

  return {
    take(priority) {
      const now = clock.now();
      // A permit of the sync priority leaves the reserve untouched, so it is good for either.
      const index = held.findIndex(
        ({ use, usableUntil }) =>
          usableUntil > now && (priority === "interactive" || use.priority === "sync"),
      );
      return index < 0 ? undefined : held.splice(index, 1)[0]?.use;
    },
    add(use, usableUntil) {
      for (let n = 0; n < use.count; n++) held.push({ use: { ...use, count: 1 }, usableUntil });
    },
    expired() {
      const now = clock.now();
      const old = held.filter(({ usableUntil }) => usableUntil <= now);
      held = held.filter(({ usableUntil }) => usableUntil > now);
      return old.map(({ use }) => use);
    },
    clear() {
      const all = held.map(({ use }) => use);
      held = [];
      return all;
    },
    demand(count) {
      const now = clock.now();
      calls = calls.filter(({ at }) => at > now - limits.holdMs);
      const recent = calls.reduce((sum, call) => sum + call.count, 0);
      calls.push({ at: now, count });
      return Math.min(recent, limits.maxHeld);
    },
  };
}
