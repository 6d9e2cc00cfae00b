import type { ShareUsed } from "../api/errors.ts";
import { type Call, nthLatest, spanOf } from "./account-limits.ts";
import { callerIn } from "./fair-share.ts";
import { ACCOUNT, type GroupLimit } from "./limits-record.ts";
import type { SharedRateLimiterOptions } from "./ports.ts";
import { settings } from "./settings.ts";

interface LocalPause {
  /** The end of RingCentral's penalty. It holds with and without the table. */
  until: number;
  /** Without the table, when the next request may leave. */
  probeFrom: number;
  /** Consecutive requests that were rejected after they had waited until `probeFrom`. */
  failures: number;
}

/** One request, and the caller it was for. */
interface Departure {
  at: number;
  caller?: string;
}

type FallbackCall = Pick<Call, "group" | "priority" | "spender">;

const NOT_PAUSED: LocalPause = { until: 0, probeFrom: 0, failures: -1 };
/** A copy of the record read this long before the table was lost tells what the fleet spent. */
const RECENT_MS = 10_000;
/** A request without a result by then has none: its process was frozen. */
const LOST_REQUEST_MS = 30_000;
const LONGEST_QUIET_MS = 3_600_000;

/**
 * The limiter of a single process, used while the table is unavailable.
 *
 * No process can then tell another of a 429, and every call during a penalty restarts it. So few processes call, in
 * turns: about `fallbackProcesses` of the fleet at a time, at random, with `fallbackShare` of each limit together.
 * A process has one request of a group in flight, so a penalty costs each of them one 429. It then waits at random for
 * several penalties, so that one of them passes without a call.
 *
 * Sync calls wait for the table. In two windows, a caller gets at most what the process may spend in one.
 */
export class FallbackLimiter {
  readonly #now: () => number;
  readonly #random: () => number;
  /** The most processes that may exist. */
  readonly #fleetSize: number;
  /** How many processes call at a time. */
  readonly #active: number;
  readonly #turnOffset: number;
  readonly #departures = new Map<string, Departure[]>();
  readonly #pauses = new Map<string, LocalPause>();
  /** By group, until when a request in flight holds back the next one. */
  readonly #inFlight = new Map<string, number>();
  #quietUntil = Number.NEGATIVE_INFINITY;

  constructor(options: Pick<SharedRateLimiterOptions, "clock" | "random" | "fleetSize">) {
    this.#now = options.clock.now;
    this.#random = options.random;
    this.#fleetSize = options.fleetSize;
    this.#active = Math.min(options.fleetSize, settings.fallbackProcesses);
    this.#turnOffset = options.random();
  }

  /**
   * The table became unavailable. The calls of other processes since `readAt` are unknown, so this process makes none
   * until RingCentral's window has passed them.
   * @param readAt when this process last read the record
   */
  lost(readAt: number): void {
    const isAlone = this.#fleetSize === 1 && Number.isFinite(readAt);
    const isKnown = isAlone || this.#now() - readAt <= RECENT_MS;
    if (!isKnown) this.#quietUntil = this.#now() + settings.windowMs + settings.windowGuardMs;
  }

  /**
   * @param fleetNow fleet time, as in the budget's log
   * @returns 0 when the call may leave now (it is counted then), else how long until it may
   */
  admit({ group, priority, spender }: FallbackCall, budget: GroupLimit, fleetNow: number): number {
    if (priority === "sync") return settings.table.maxPauseMs;
    const now = this.#now();
    const earliest = Math.max(
      this.#nextTurn(now),
      this.#quietUntil,
      this.#inFlight.get(group) ?? now,
      ...this.#pausesOf(group).map(({ probeFrom }) => probeFrom),
      this.#shareFreeAt(group, budget, now),
      now + fleetShareFreeInMs(budget, fleetNow),
    );
    if (earliest > now) return earliest - now;
    const departure = { at: now, ...(spender !== undefined && { caller: callerIn(spender) }) };
    this.#departures.set(group, [...(this.#departures.get(group) ?? []), departure]);
    this.#inFlight.set(group, now + LOST_REQUEST_MS);
    return 0;
  }

  pause(group: string, penaltyMs: number): void {
    const now = this.#now();
    const { until, probeFrom, failures } = this.#pauses.get(group) ?? NOT_PAUSED;
    const hasWaited = now >= probeFrom;
    const count = failures + (hasWaited ? 1 : 0);
    const quietMs = penaltyMs * (2 + this.#random() * 3 * this.#active) * 2 ** count;
    this.#pauses.set(group, {
      until: Math.max(until, now + penaltyMs),
      probeFrom: hasWaited ? now + Math.min(quietMs, LONGEST_QUIET_MS) : probeFrom,
      failures: count,
    });
  }

  /** How long RingCentral's penalty of the group lasts; 0 when there is none. */
  pausedMs(group: string): number {
    return Math.max(0, ...this.#pausesOf(group).map(({ until }) => until - this.#now()));
  }

  /** A response other than a 429 came. */
  succeeded(group: string): void {
    for (const name of [group, ACCOUNT]) {
      if ((this.#pauses.get(name)?.until ?? 0) <= this.#now()) this.#pauses.delete(name);
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
    const cycleMs = (settings.turnMs * this.#fleetSize) / this.#active;
    const sinceTurn = (now + this.#turnOffset * cycleMs) % cycleMs;
    return sinceTurn < settings.turnMs ? now : now + cycleMs - sinceTurn;
  }

  #shareFreeAt(group: string, budget: GroupLimit, now: number): number {
    const { calls, spanMs } = this.#shareOfProcess(budget);
    const departures = (this.#departures.get(group) ?? []).filter(({ at }) => at > now - 2 * spanMs);
    this.#departures.set(group, departures);
    return (departures.at(-calls)?.at ?? now - spanMs) + spanMs;
  }

  /** What this process may spend: `calls` in `spanMs`. */
  #shareOfProcess(budget: GroupLimit): { calls: number; spanMs: number } {
    const share = (budget.limit * settings.fallbackShare) / this.#active;
    return { calls: Math.max(1, Math.floor(share)), spanMs: spanOf(budget) / Math.min(1, share) };
  }

  /** How long until the caller may have more, while others may; 0 if it may, or if the process has spent its part. */
  shareFreeInMs({ group, priority, spender }: FallbackCall, budget: GroupLimit): number {
    if (priority === "sync" || spender === undefined) return 0;
    const { calls, spanMs } = this.#shareOfProcess(budget);
    const now = this.#now();
    if (this.#shareFreeAt(group, budget, now) > now) return 0;
    const mine = (this.#departures.get(group) ?? []).filter(
      ({ at, caller }) => caller === callerIn(spender) && at > now - 2 * spanMs,
    );
    const nth = mine.at(-calls);
    return nth === undefined ? 0 : nth.at + 2 * spanMs - now;
  }

  describeShare(group: string, budget: GroupLimit): ShareUsed {
    const { calls, spanMs } = this.#shareOfProcess(budget);
    return { of: "caller", group, limit: calls, windowSeconds: Math.round((2 * spanMs) / 1000) };
  }
}

/** How long until the calls in the fleet's log leave `fallbackShare` of the limit free. */
function fleetShareFreeInMs(budget: GroupLimit, fleetNow: number): number {
  const blocking = nthLatest(budget.log, Math.floor(budget.limit * (1 - settings.fallbackShare)) + 1);
  return blocking === undefined ? 0 : blocking + spanOf(budget) - fleetNow;
}
