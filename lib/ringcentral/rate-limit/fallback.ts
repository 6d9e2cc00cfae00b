import type { GroupLimit } from "./account-limits.ts";
import { nthLatest } from "./permit-log.ts";
import type { Priority } from "./ports.ts";
import type { RateLimitSettings } from "./settings.ts";

/** Stands for every group of the account. */
export const ACCOUNT = "*";

interface LocalPause {
  /** The end of RingCentral's penalty. It holds with and without the table. */
  until: number;
  /** Without the table, when the next request may leave. */
  probeFrom: number;
  /** Consecutive requests that were rejected after they had waited until `probeFrom`. */
  failures: number;
}

export interface FallbackLimiterParts {
  now: () => number;
  /** Uniform in [0, 1). */
  random: () => number;
  settings: RateLimitSettings;
}

/** A copy of the record read this long before the table was lost tells what the fleet spent. */
const RECENT_MS = 10_000;
/** A request without a result by then has none: its process was frozen. */
const LOST_REQUEST_MS = 30_000;
const LONGEST_QUIET_MS = 3_600_000;

/**
 * The limiter of one process on its own, used while the table is unavailable.
 *
 * No process can then tell another of a 429, and every call during a penalty restarts it. So few processes call, each
 * in turns: about `fallbackProcesses` of `fleetSize` at a time, at random, with `fallbackShare` of each limit together.
 * A process has one request of a group in flight, so a penalty costs each of them one 429. It then waits at random for
 * several penalties, so that one of them passes without a call.
 *
 * Sync calls wait for the table.
 */
export class FallbackLimiter {
  readonly #parts: FallbackLimiterParts;
  readonly #turnOffset: number;
  readonly #departures = new Map<string, number[]>();
  readonly #pauses = new Map<string, LocalPause>();
  /** By group, until when the request in flight is waited for. */
  readonly #inFlight = new Map<string, number>();
  #quietUntil = Number.NEGATIVE_INFINITY;

  constructor(parts: FallbackLimiterParts) {
    this.#parts = parts;
    this.#turnOffset = parts.random();
  }

  /**
   * The table was lost. What other processes spent since `readAt` is unknown, and leaves RingCentral's window first.
   * @param readAt when this process last read the record
   */
  lost(readAt: number | undefined): void {
    const { now, settings } = this.#parts;
    const isKnown = settings.fleetSize === 1 || now() - (readAt ?? 0) <= RECENT_MS;
    if (!isKnown) this.#quietUntil = now() + settings.windowMs + settings.windowGuardMs;
  }

  /**
   * @param fleetNow fleet time, as in the budget's log
   * @returns 0 when the call may leave now (it is counted then), else how long until it may
   */
  admit(group: string, priority: Priority, budget: GroupLimit, fleetNow: number): number {
    const { settings } = this.#parts;
    if (priority === "sync" || settings.fallbackShare <= 0) return settings.maxStoragePauseMs;
    const now = this.#parts.now();
    const earliest = Math.max(
      this.#nextTurn(now),
      this.#quietUntil,
      this.#inFlight.get(group) ?? now,
      ...this.#pausesOf(group).map(({ probeFrom }) => probeFrom),
      this.#shareFreeAt(group, budget, now),
      now + fleetShareFreeInMs(budget, fleetNow, settings),
    );
    if (earliest > now) return earliest - now;
    this.#departures.set(group, [...(this.#departures.get(group) ?? []), now]);
    this.#inFlight.set(group, now + LOST_REQUEST_MS);
    return 0;
  }

  pause(group: string, penaltyMs: number): void {
    const { now, random, settings } = this.#parts;
    const { until, probeFrom, failures } = this.#pauses.get(group) ?? {
      until: 0,
      probeFrom: 0,
      failures: -1,
    };
    const hasWaited = now() >= probeFrom;
    const count = failures + (hasWaited ? 1 : 0);
    const quietMs = penaltyMs * (2 + random() * 3 * activeProcesses(settings)) * 2 ** count;
    this.#pauses.set(group, {
      until: Math.max(until, now() + penaltyMs),
      probeFrom: hasWaited ? now() + Math.min(quietMs, LONGEST_QUIET_MS) : probeFrom,
      failures: count,
    });
  }

  /** How long RingCentral's penalty of the group lasts; 0 when there is none. */
  pausedMs(group: string): number {
    return Math.max(0, ...this.#pausesOf(group).map(({ until }) => until - this.#parts.now()));
  }

  /** A response other than a 429 came. */
  succeeded(group: string): void {
    const now = this.#parts.now();
    for (const name of [group, ACCOUNT]) {
      if ((this.#pauses.get(name)?.until ?? 0) <= now) this.#pauses.delete(name);
    }
  }

  /** The request in flight has a response, or will have none. */
  ended(group: string): void {
    this.#inFlight.delete(group);
  }

  #pausesOf(group: string): LocalPause[] {
    return [group, ACCOUNT].flatMap((name) => this.#pauses.get(name) ?? []);
  }

  #nextTurn(now: number): number {
    const { fleetSize, turnMs } = this.#parts.settings;
    const cycleMs = (turnMs * fleetSize) / activeProcesses(this.#parts.settings);
    const sinceTurn = (now + this.#turnOffset * cycleMs) % cycleMs;
    return sinceTurn < turnMs ? now : now + cycleMs - sinceTurn;
  }

  #shareFreeAt(group: string, { limit, windowMs }: GroupLimit, now: number): number {
    const { fallbackShare, windowGuardMs } = this.#parts.settings;
    const share = (limit * fallbackShare) / activeProcesses(this.#parts.settings);
    const spanMs = (windowMs + windowGuardMs) / Math.min(1, share);
    const departures = (this.#departures.get(group) ?? []).filter((at) => at > now - spanMs);
    this.#departures.set(group, departures);
    return (departures.at(-Math.max(1, Math.floor(share))) ?? now - spanMs) + spanMs;
  }
}

/** How many processes call at a time. */
function activeProcesses({ fleetSize, fallbackProcesses }: RateLimitSettings): number {
  return Math.min(fleetSize, fallbackProcesses);
}

/** What the fleet is known to have spent leaves room for what it spends without the table. */
function fleetShareFreeInMs(
  { limit, windowMs, log }: GroupLimit,
  fleetNow: number,
  { fallbackShare, windowGuardMs }: RateLimitSettings,
): number {
  const lastInTheWay = nthLatest(log, Math.floor(limit * (1 - fallbackShare)) + 1);
  return lastInTheWay === undefined ? 0 : lastInTheWay + windowMs + windowGuardMs - fleetNow;
}
