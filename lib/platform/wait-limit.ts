import type { Clock } from "./clock.ts";
import { withTimeout } from "./with-timeout.ts";

export interface Share {
  /** Left for later waits. */
  keepMs?: number;
  /** Granted even when nothing is left. */
  leastMs?: number;
}

/** The errors of a wait that ends without a result. */
export interface WaitErrors {
  /** The work was not done in time. */
  late: () => Error;
  /** No time was left for it. */
  over: () => Error;
}

const MAX_WAIT_MS = 1_200;
/** The most that is granted beyond it in all, to a request that has changed nothing yet. */
const MAX_GRANTED_MS = 300;
/** Work that takes no longer does not count: many short waits are no sign of trouble. */
const USUAL_MS = 40;
/** A first exchange, with its connection, rarely takes longer. */
const LONG_MS = 200;

/** The time that one request may still wait for one dependency. All parts of the request draw on it. */
export class WaitLimit {
  readonly #clock: Clock;
  readonly #errors: WaitErrors;
  #leftMs = MAX_WAIT_MS;
  #grantableMs = MAX_GRANTED_MS;
  #longMs = 0;
  /** Number of waits under way, and the start of the first of them. */
  #running = 0;
  #runningSince = 0;
  #countedTo = Number.NEGATIVE_INFINITY;
  /** The start of work that is not limited. */
  #watchedSince = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, errors: WaitErrors) {
    [this.#clock, this.#errors] = [clock, errors];
  }

  /** Without what the waits under way have taken so far. */
  leftMs(): number {
    const runningMs = this.#runningMs();
    return runningMs > USUAL_MS ? Math.max(0, this.#leftMs - runningMs) : this.#leftMs;
  }

  /** Whether long waits have taken half of it, one under way included. */
  isSlow(): boolean {
    const runningMs = Math.max(this.#runningMs(), this.#clock.now() - this.#watchedSince);
    return this.#longMs + (runningMs > LONG_MS ? runningMs : 0) >= MAX_WAIT_MS / 2;
  }

  /** Only looks how long the work takes: it must not be cut short, and what follows it has its own time. */
  async watch<Result>(work: Promise<Result>): Promise<Result> {
    const since = this.#clock.now();
    this.#watchedSince = since;
    try {
      return await work;
    } finally {
      const tookMs = this.#clock.now() - since;
      if (tookMs > LONG_MS) this.#longMs += tookMs;
      this.#watchedSince = Number.POSITIVE_INFINITY;
    }
  }

  /** Counts the time since then as a wait. Waits at the same time count once. */
  count(since: number): void {
    const now = this.#clock.now();
    const waitedMs = now - Math.max(since, this.#countedTo);
    // A wait for the rest counts, however short: the next one would be as long again. So do all of a slow dependency.
    const uncountedMs = this.isSlow() ? 0 : Math.min(USUAL_MS, this.#leftMs - 1);
    // A longer one at the same time still counts whole.
    if (waitedMs <= uncountedMs) return;
    this.#countedTo = now;
    if (waitedMs > LONG_MS) this.#longMs += waitedMs;
    this.#grantableMs -= Math.max(0, waitedMs - this.#leftMs);
    this.#leftMs = Math.max(0, this.#leftMs - waitedMs);
  }

  /** What a wait for what must be recorded may take. */
  mostMs(): number {
    return this.leftMs() + Math.max(0, this.#grantableMs);
  }

  /** The request changes something: from now on, what it must record of that is granted however often it asks. */
  hasActed(): void {
    this.#grantableMs = Number.POSITIVE_INFINITY;
  }

  /** Settles as `work` does, or rejects when the time left is over. The work itself continues. */
  async limit<Result>(work: () => Promise<Result>, { keepMs = 0, leastMs = 0 }: Share = {}): Promise<Result> {
    const clock = this.#clock;
    const { late, over } = this.#errors;
    const [leftMs, mostMs] = [this.leftMs(), this.mostMs()];
    const timeoutMs = Math.max(leftMs - keepMs, Math.min(leastMs, mostMs));
    if (timeoutMs <= 0) throw over();
    const timeUp = leastMs > 0 && timeoutMs >= mostMs ? over : late;
    const since = clock.now();
    if (this.#running === 0) this.#runningSince = since;
    this.#running += 1;
    try {
      return await withTimeout(work(), { clock, timeoutMs, timeUp });
    } finally {
      this.count(since);
      this.#running -= 1;
    }
  }

  #runningMs(): number {
    const since = Math.max(this.#runningSince, this.#countedTo);
    return this.#running > 0 ? this.#clock.now() - since : 0;
  }
}
