/** The bounds of the rate limiter. "Fleet time" is the clock all instances share: see clock-bounds.ts. */
export interface RateLimitSettings {
  /** Requests per window, until RingCentral's headers say otherwise. [docs: RATE] */
  budgets: Readonly<Record<string, number>>;
  /** The limit of a group that is not in `budgets`. */
  unknownBudget: number;
  windowMs: number;
  /** Added to RingCentral's window: its clock and ours may disagree on where a window ends. [unsure] */
  windowGuardMs: number;
  /** From asking the table for a permit to the request's arrival at RingCentral. Later arrivals are charged again. */
  arrivalMs: number;
  /** The part of `arrivalMs` the table may take: a slower response counts as a failure, and its permits are lost. */
  tableShareMs: number;
  /** How long a prefetched permit may be used. */
  prefetchMs: number;
  maxPrefetched: number;
  /** The share of an unconfirmed budget that may be spent before the first response confirms it. */
  unconfirmedShare: number;
  /** What sync leaves to interactive calls: this share of the limit, and at least this many calls. */
  interactiveShare: number;
  interactiveCalls: number;
  /** Minimum spacing between permits while demand exceeds the budget, as a share of windowMs / limit. */
  pace: number;
  /** The longest wait for a permit; a call that would wait longer is rejected at once. */
  maxWaitMs: Readonly<Record<"interactive" | "sync", number>>;
  /** Time a call needs after admission: a permit closer to the deadline than this is useless. */
  callMs: number;
  /** A call that waited longer than this checks for a pause before it leaves. */
  recheckMs: number;
  /** The oldest copy of the record that may justify a rejection. */
  cacheMs: number;
  /** Largest error of an instance's clock; used until the table's time is known. */
  maxSkewMs: number;
  /** [docs: RATE] says at least 30 s; the penalty itself lasts 60 s. */
  defaultPenaltyMs: number;
  /** Added to every stated penalty. */
  pauseGuardMs: number;
  /** The usual time to a probe's response: the wait told to calls behind it. */
  probeResponseMs: number;
  /** The timeout of a process's first request to the table, which loads the client and connects. */
  firstStorageTimeoutMs: number;
  /** The longest that a call waits for a failing or contended table. */
  tablePatienceMs: number;
  /** How long the table is not asked after a failure; doubles up to the maximum. */
  storagePauseMs: number;
  maxStoragePauseMs: number;
  /** Lost compare-and-set races before the callers are rejected. */
  maxConflicts: number;
  /** The most processes that may exist. The fallback limiter relies on it. */
  fleetSize: number;
  /** Share of each limit that the fleet spends without the table; 0 = nothing. */
  fallbackShare: number;
  /** About how many processes spend it at a time. */
  fallbackProcesses: number;
  /** How long a process may spend it before others have their turn. */
  turnMs: number;
  /** How long the table keeps the record of an account that makes no calls. */
  keepMs: number;
}

export const defaultSettings: RateLimitSettings = {
  budgets: { light: 50, medium: 40, heavy: 10 },
  unknownBudget: 10,
  windowMs: 60_000,
  windowGuardMs: 250,
  arrivalMs: 1_000,
  tableShareMs: 500,
  prefetchMs: 1_000,
  maxPrefetched: 8,
  unconfirmedShare: 0.2,
  interactiveShare: 0.3,
  interactiveCalls: 3,
  pace: 0.9,
  maxWaitMs: { interactive: 3_000, sync: 5_000 },
  callMs: 1_000,
  recheckMs: 1_000,
  cacheMs: 1_000,
  maxSkewMs: 5_000,
  defaultPenaltyMs: 60_000,
  pauseGuardMs: 500,
  probeResponseMs: 2_000,
  firstStorageTimeoutMs: 2_000,
  tablePatienceMs: 1_200,
  storagePauseMs: 200,
  maxStoragePauseMs: 15_000,
  maxConflicts: 7,
  fleetSize: 100,
  fallbackShare: 0.4,
  fallbackProcesses: 4,
  turnMs: 600_000,
  keepMs: 30 * 24 * 60 * 60 * 1000,
};
