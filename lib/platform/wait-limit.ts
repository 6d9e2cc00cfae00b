import type { Clock } from "./clock.ts";
import { withTimeout } from "./with-timeout.ts";

export interface Share {
  /** Left for later waits. */
  keepMs?: number;
  /** Granted even when nothing is left. */
  leastMs?: number;
}

const MAX_WAIT_MS = 1_200;
/** Work that takes no longer does not count: many short waits are no sign of trouble. */
const USUAL_MS = 40;
/** A first exchange, with its connection, rarely takes longer. */
const LONG_MS = 200;

/** The time that one request may still wait for one dependency. All parts of the request draw on it. */
export class WaitLimit {
  readonly #clock: Clock;
  readonly #timeUp: () => Error;
  #leftMs = MAX_WAIT_MS;
  #longMs = 0;
  /** Number of waits under way, and the start of the first of them. */
  #running = 0;
  #runningSince = 0;
  #countedTo = Number.NEGATIVE_INFINITY;

  /** @param timeUp the error when no time is left */
  constructor(clock: Clock, timeUp: () => Error) {
    this.#clock = clock;
    this.#timeUp = timeUp;
  }

  leftMs(): number {
    return this.#leftMs;
  }

  /** Whether long waits have taken half of it, one under way included. */
  isSlow(): boolean {
    const since = Math.max(this.#runningSince, this.#countedTo);
    const runningMs = this.#running > 0 ? this.#clock.now() - since : 0;
    return this.#longMs + (runningMs > LONG_MS ? runningMs : 0) >= MAX_WAIT_MS / 2;
  }

  /** Counts the time since then as a wait. Waits at the same time count once. */
  count(since: number): void {
    const now = this.#clock.now();
    const waitedMs = now - Math.max(since, this.#countedTo);
    this.#countedTo = now;
    if (waitedMs > LONG_MS) this.#longMs += waitedMs;
    // A wait for the rest counts, however short: the next one would be as long again.
    if (waitedMs > Math.min(USUAL_MS, this.#leftMs - 1)) this.#leftMs = Math.max(0, this.#leftMs - waitedMs);
  }

  /** Settles as `work` does, or rejects when the time left is over. The work itself continues. */
  async limit<Result>(work: () => Promise<Result>, { keepMs = 0, leastMs = 0 }: Share = {}): Promise<Result> {
    const [clock, timeUp] = [this.#clock, this.#timeUp];
    const timeoutMs = Math.max(this.#leftMs - keepMs, leastMs);
    if (timeoutMs <= 0) throw timeUp();
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
}
