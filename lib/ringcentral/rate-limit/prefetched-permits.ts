import type { Call } from "./account-limits.ts";
import type { LogEntry } from "./limits-record.ts";
import { settings } from "./settings.ts";

/**
 * Permits that this process has taken ahead of demand. They are valid for about a second, because the process does not
 * learn of a pause meanwhile. An unused one is lost until its window is over.
 */
export class PrefetchedPermits {
  readonly #now: () => number;
  #permits: Array<{ group: string; entry: LogEntry; usableUntil: number }> = [];
  /** Calls that asked for one, in the last `prefetchMs`. */
  #calls: Array<{ group: string; at: number }> = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param askedAt own clock, before the table was asked for them */
  add(group: string, entry: LogEntry, askedAt: number): void {
    const usableUntil = askedAt + settings.prefetchMs;
    for (let n = 0; n < entry.count; n++) this.#permits.push({ group, entry, usableUntil });
  }

  /** A permit for the call, if there is one. The call counts as demand. */
  take({ group, priority }: Call): LogEntry | undefined {
    const now = this.#now();
    this.#calls.push({ group, at: now });
    this.#permits = this.#permits.filter(({ usableUntil }) => usableUntil > now);
    // A sync permit leaves the reserve untouched, so it serves either priority.
    const index = this.#permits.findIndex(
      (one) => one.group === group && (priority === "interactive" || one.entry.priority === "sync"),
    );
    return index < 0 ? undefined : this.#permits.splice(index, 1)[0]?.entry;
  }

  /** How many calls to expect, besides the `waiting` ones, before a permit taken now is too old. */
  demand(group: string, waiting: number): number {
    const since = this.#now() - settings.prefetchMs;
    this.#calls = this.#calls.filter(({ at }) => at > since);
    const recent = this.#calls.filter((call) => call.group === group).length;
    return Math.min(recent - waiting, settings.maxPrefetched);
  }
}
