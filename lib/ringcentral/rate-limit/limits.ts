/** Every bound the rate limiter keeps. "Reference time" is the clock all instances share: see reference-time.ts. */
export interface RateLimitSettings {
  /** Requests a window, until RingCentral's headers say otherwise. [docs: RATE] */
  budgets: Readonly<Record<string, number>>;
  /** Of a group that is not in `budgets`. */
  unknownBudget: number;
  windowMs: number;
  /** Added to RingCentral's window: its clock and ours need not agree on where a window ends. [unsure] */
  windowGuardMs: number;
  /** From asking the table for a permit to the request's arrival at RingCentral. Later ones are corrected. */
  arrivalMs: number;
  /** The share of `arrivalMs` the table may take; a permit that comes later is given back. */
  leaseAnswerMs: number;
  /** How long a permit leased ahead of demand may be used. */
  holdMs: number;
  maxHeld: number;
  /** What may be spent of a budget nobody has confirmed yet, before the first answer confirms it. */
  firstFlightShare: number;
  /** What sync leaves to interactive calls: this share of the limit, and at least so many calls. */
  interactiveShare: number;
  interactiveCalls: number;
  /** While demand exceeds the budget, permits are this share of their average distance apart. */
  pace: number;
  /** The longest wait for a permit; a call that would wait longer is refused at once. */
  maxWaitMs: Readonly<Record<"interactive" | "sync", number>>;
  /** Time a call needs once it is admitted: a permit that comes later than this before the deadline is useless. */
  callMs: number;
  /** A call that waited longer than this looks at the gate again before it leaves. */
  recheckMs: number;
  /** How long a copy of the record may be the reason of a refusal. */
  cacheMs: number;
  /** How wrong any instance's clock may be; matters while the table's own time is not known. */
  maxSkewMs: number;
  /** [docs: RATE] says at least 30 s; the penalty itself lasts 60 s. */
  defaultPenaltyMs: number;
  /** Added to every stated penalty. */
  gateGuardMs: number;
  /** How long a probe's answer usually takes: what those who wait for it are told. */
  probeAnswerMs: number;
  /** A slower answer of the table counts as none. */
  storageTimeoutMs: number;
  /** The same for a process's first question, which loads the client and connects. */
  firstStorageTimeoutMs: number;
  /** Pause after the table failed; doubles up to the second. */
  storagePauseMs: number;
  maxStoragePauseMs: number;
  /** Lost compare-and-set races before the callers are refused. */
  maxConflicts: number;
  /** Without the table each process spends this share of the limit, at least one call a window; 0 = nothing. */
  processShare: number;
  /** How long the table keeps what was learnt about a budget that is not used. */
  keepMs: number;
}

export const defaultLimits: RateLimitSettings = {
  budgets: { light: 50, medium: 40, heavy: 10 },
  unknownBudget: 10,
  windowMs: 60_000,
  windowGuardMs: 250,
  arrivalMs: 1_000,
  leaseAnswerMs: 500,
  holdMs: 1_000,
  maxHeld: 8,
  firstFlightShare: 0.2,
  interactiveShare: 0.3,
  interactiveCalls: 3,
  pace: 0.9,
  maxWaitMs: { interactive: 3_000, sync: 30_000 },
  callMs: 1_000,
  recheckMs: 1_000,
  cacheMs: 1_000,
  maxSkewMs: 5_000,
  defaultPenaltyMs: 60_000,
  gateGuardMs: 500,
  probeAnswerMs: 2_000,
  storageTimeoutMs: 1_000,
  firstStorageTimeoutMs: 2_500,
  storagePauseMs: 1_000,
  maxStoragePauseMs: 15_000,
  maxConflicts: 7,
  processShare: 0.1,
  keepMs: 30 * 24 * 60 * 60 * 1000,
};
