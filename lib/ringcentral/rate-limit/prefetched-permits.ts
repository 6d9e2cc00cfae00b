import type { LogEntry } from "./permit-log.ts";
import type { Priority } from "./ports.ts";
import type { RateLimitSettings } from "./settings.ts";

interface Prefetched {
  group: string;
  entry: LogEntry;
  usableUntil: number;
}

/**
 * Permits this process has taken ahead of demand. They are good for about a second, because the process does not hear
 * of a pause meanwhile. An unused one is lost until its window is over.
 */
export class PrefetchedPermits {
  readonly #now: () => number;
  readonly #settings: RateLimitSettings;
  #permits: Prefetched[] = [];
  #calls: Array<{ group: string; at: number; count: number }> = [];

  constructor(now: () => number, settings: RateLimitSettings) {
    this.#now = now;
    this.#settings = settings;
  }

  add(group: string, { count, ...entry }: LogEntry, usableUntil: number): void {
    for (let n = 0; n < count; n++) {
      this.#permits.push({ group, entry: { ...entry, count: 1 }, usableUntil });
    }
  }

  take(group: string, priority: Priority): LogEntry | undefined {
    const now = this.#now();
    this.#permits = this.#permits.filter(({ usableUntil }) => usableUntil > now);
    // A sync permit leaves the reserve untouched, so it is good for either priority.
    const index = this.#permits.findIndex(
      (one) => one.group === group && (priority === "interactive" || one.entry.priority === "sync"),
    );
    return index < 0 ? undefined : this.#permits.splice(index, 1)[0]?.entry;
  }

  /** @param group absent: every group */
  drop(group?: string): void {
    this.#permits = this.#permits.filter((one) => group !== undefined && one.group !== group);
  }

  /** Counts calls. @returns how many more to expect before a permit taken now is too old */
  demand(group: string, count: number): number {
    const now = this.#now();
    this.#calls = this.#calls.filter(({ at }) => at > now - this.#settings.prefetchMs);
    const recent = this.#calls.filter((call) => call.group === group);
    this.#calls.push({ group, at: now, count });
    return Math.min(
      recent.reduce((sum, call) => sum + call.count, 0),
      this.#settings.maxPrefetched,
    );
  }
}
