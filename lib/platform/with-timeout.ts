import type { Clock } from "./clock.ts";

interface TimeoutOptions {
  clock: Clock;
  timeoutMs: number;
  /** The error of a timeout. */
  timeUp: () => unknown;
}

/**
 * A frozen process wakes up with its timers due and the result still unread behind them. With several timers in a row, a
 * freeze costs one of them instead of the whole timeout.
 */
const SLICES = 4;
/** The reason of each abort: without one, Node makes an exception with a stack, in every call of the table. */
const SETTLED = "settled";

/** Settles as `work` does, or rejects with `timeUp()` after `timeoutMs`. The work itself continues. */
export async function withTimeout<Result>(
  work: Promise<Result>,
  { clock, timeoutMs, timeUp }: TimeoutOptions,
): Promise<Result> {
  const settled = new AbortController();
  const wait = async () => {
    for (let slice = 0; slice < SLICES; slice += 1) await clock.sleep(timeoutMs / SLICES, settled.signal);
  };
  const timer = wait().then(
    () => Promise.reject(timeUp()),
    // Aborted: the race is over.
    () => work,
  );
  try {
    return await Promise.race([work, timer]);
  } finally {
    settled.abort(SETTLED);
    timer.catch(() => undefined);
  }
}
