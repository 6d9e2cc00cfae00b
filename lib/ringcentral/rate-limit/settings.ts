/** The numbers of the rate limiter. "Fleet time" is the clock all processes share: see clock-bounds.ts. */
export const settings = {
  /** The limit of a group that RingCentral does not document. */
  unknownBudget: 10,
  windowMs: 60_000,
  /** Added to RingCentral's window: its clock and ours may disagree on where a window ends. [unsure] */
  windowGuardMs: 250,
  /** From asking the table for a permit to the request's arrival at RingCentral. Later arrivals are charged again. */
  arrivalMs: 1_000,
  table: {
    /** A part of `arrivalMs`: a slower response counts as a failure, and its permits are lost. */
    timeoutMs: 500,
    /** How long the table is not asked after a failure; doubles up to the maximum. */
    pauseMs: 200,
    maxPauseMs: 15_000,
  },
  /** How long a prefetched permit may be used. */
  prefetchMs: 1_000,
  maxPrefetched: 8,
  /** The share of an unconfirmed budget that may be spent before the first response confirms it. */
  unconfirmedShare: 0.2,
  /** What sync leaves to interactive calls: this share of the limit, and at least this many calls. */
  interactiveShare: 0.3,
  interactiveCalls: 3,
  /** Minimum spacing between permits while demand exceeds the budget, as a share of windowMs / limit. */
  pace: 0.9,
  /** Permits that may leave together then: those due in this time, at most as many as two overviews take. */
  paceTogether: 8,
  paceTogetherMs: 9_000,
  /** The longest wait for a permit; a call that would wait longer is rejected at once. */
  maxWaitMs: { interactive: 3_000, sync: 5_000 },
  /** Time a call needs after admission: a permit closer to the deadline than this is useless. */
  callMs: 1_000,
  /** A call that waited longer than this checks for a pause before it leaves. */
  recheckMs: 1_000,
  /** The oldest copy of the record that may justify a rejection. */
  cacheMs: 1_000,
  /** [docs: RATE] says at least 30 s; the penalty itself lasts 60 s. */
  defaultPenaltyMs: 60_000,
  /** The longest pause before another probe, however often the probes failed. */
  maxPauseMs: 600_000,
  /** Added to every stated penalty. */
  pauseGuardMs: 500,
  /** The usual time to a probe's response: how long calls behind it wait. */
  probeResponseMs: 2_000,
  /** The longest that recording a response waits for a failing or contended table. */
  recordingWaitMs: 1_200,
  /** Lost compare-and-set races before the callers are rejected. */
  maxConflicts: 7,
  /** What a caller may owe, as a part of a window's budget, and how long it takes to regain that. */
  allowance: 0.4,
  regainMs: 2 * 60 * 60 * 1000,
  /** A caller's calls within this time, after a minute without any, are one visit. */
  visitMs: 10_000,
  /** What a visit costs at least, of `regainMs`. */
  visitCostMs: 30 * 60 * 1000,
  /** Calls while less of the budget is used than this are not owed. */
  chargedFrom: 0.25,
  /** Callers that owe at most this part of what they may owe are the ones that others leave room for. */
  freshLevel: 0.5,
  /** The least room for them, as a part of the budget. */
  freshShare: 1 / 8,
  /** The room for them, as a multiple of their recent peak. Visits come in bursts. */
  freshPeaks: 1.5,
  /** A caller that owes calls takes less than this times what it leaves free besides. */
  shareOfFree: 2,
  /** An extension's share, in shares of one caller. */
  extensionShares: 2,
  /** How many callers `owed` knows. */
  maxOwing: 128,
  /** The callers that `GET /v1/limits` shows. */
  topSpenders: 10,
  /** Log entries that name their caller, in one budget. In a larger budget, each stands for several permits. */
  maxTagged: 120,
  /** The share of each limit that the fleet spends without the table. */
  fallbackShare: 0.4,
  /** About how many processes spend it at a time. */
  fallbackProcesses: 4,
  /** How long a process may spend it before others have their turn. */
  turnMs: 600_000,
  /** How long the table keeps the record of an account that makes no calls. */
  keepMs: 30 * 24 * 60 * 60 * 1000,
};
