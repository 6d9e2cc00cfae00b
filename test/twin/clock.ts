/** Time as an argument: the twin uses no other clock. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves after `ms` of this clock's time. */
  sleep(ms: number): Promise<void>;
}

/** A clock that moves only by `advance`. */
export interface ManualClock extends Clock {
  /** Advances the time and resolves due sleeps, earliest first. */
  advance(ms: number): void;
}

/** The machine's clock. Its sleeps do not keep a process alive. */
export const realClock: Clock = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
};

/** @param start epoch milliseconds */
export function createManualClock(start = Date.UTC(2026, 0, 5, 9)): ManualClock {
  let now = start;
  let sleepers: { wakeAt: number; wake: () => void }[] = [];
  return {
    now: () => now,
    sleep: (ms) => {
      if (ms <= 0) return Promise.resolve();
      return new Promise((wake) => sleepers.push({ wakeAt: now + ms, wake }));
    },
    advance: (ms) => {
      now += ms;
      const due = sleepers.filter((sleeper) => sleeper.wakeAt <= now);
      sleepers = sleepers.filter((sleeper) => sleeper.wakeAt > now);
      for (const { wake } of due.sort((a, b) => a.wakeAt - b.wakeAt)) wake();
    },
  };
}

/** @returns whether a clock can be advanced */
export function isManual(clock: Clock): clock is ManualClock {
  return "advance" in clock && typeof clock.advance === "function";
}
