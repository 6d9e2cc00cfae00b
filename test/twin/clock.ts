/** Time as an argument: the twin reads and waits on nothing else. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves after `ms` of this clock's time. */
  sleep(ms: number): Promise<void>;
}

/** A clock that stands still until told to move. */
export interface ManualClock extends Clock {
  /** Moves time forward and wakes the sleepers whose hour has come, earliest first. */
  advance(ms: number): void;
}

/** The machine's clock. Its sleeps never keep a process alive. */
export const realClock: Clock = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
};

/** @param start epoch milliseconds the clock begins at */
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

/** @returns whether a clock can be moved by hand */
export function isManual(clock: Clock): clock is ManualClock {
  return "advance" in clock && typeof clock.advance === "function";
}
