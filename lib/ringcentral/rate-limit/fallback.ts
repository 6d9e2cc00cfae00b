import type { Priority } from "./ports.ts";
import type { RateLimitSettings } from "./settings.ts";

/** Stands for every group of the account. */
export const ACCOUNT = "*";

interface LocalPause {
  until: number;
  /** A request has left since, and its response is outstanding. */
  isProbing: boolean;
}

/**
 * The limiter of one process on its own, used while the table is unavailable. A process then spends a small share of
 * each limit, on interactive calls only: the number of processes is unknown, and sync can wait.
 *
 * It also keeps the pauses that the process has heard itself. These hold at once, with or without the table. Without
 * it only one request may be in flight after a 429, until a response is good.
 */
export class FallbackLimiter {
  readonly #now: () => number;
  readonly #settings: RateLimitSettings;
  readonly #departures = new Map<string, number[]>();
  readonly #pauses = new Map<string, LocalPause>();

  constructor(now: () => number, settings: RateLimitSettings) {
    this.#now = now;
    this.#settings = settings;
  }

  /** @returns 0 when the call may leave now (it is counted then), else how long until it may */
  admit(group: string, priority: Priority, { limit, windowMs }: { limit: number; windowMs: number }): number {
    const { fallbackShare, maxStoragePauseMs, probeResponseMs, windowGuardMs } = this.#settings;
    const pauses = this.#pausesOf(group);
    if (pauses.some(({ isProbing }) => isProbing)) return probeResponseMs;
    if (priority === "sync" || fallbackShare <= 0) return maxStoragePauseMs;
    const now = this.#now();
    const spanMs = windowMs + windowGuardMs;
    const departures = (this.#departures.get(group) ?? []).filter((at) => at > now - spanMs);
    const earlier = departures.at(-Math.max(1, Math.floor(limit * fallbackShare)));
    if (earlier !== undefined) return earlier + spanMs - now;
    this.#departures.set(group, [...departures, now]);
    for (const pause of pauses) pause.isProbing = true;
    return 0;
  }

  pause(group: string, forMs: number): void {
    const until = Math.max(this.#pauses.get(group)?.until ?? 0, this.#now() + forMs);
    this.#pauses.set(group, { until, isProbing: false });
  }

  /** How long the group stays paused; 0 when it is not. */
  pausedMs(group: string): number {
    return Math.max(0, ...this.#pausesOf(group).map(({ until }) => until - this.#now()));
  }

  /** A response other than a 429 came. */
  succeeded(group: string): void {
    const now = this.#now();
    for (const name of [group, ACCOUNT]) {
      if ((this.#pauses.get(name)?.until ?? 0) <= now) this.#pauses.delete(name);
    }
  }

  /** No response came. */
  unanswered(group: string): void {
    for (const pause of this.#pausesOf(group)) pause.isProbing = false;
  }

  #pausesOf(group: string): LocalPause[] {
    return [group, ACCOUNT].flatMap((name) => this.#pauses.get(name) ?? []);
  }
}
