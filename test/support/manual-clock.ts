import type { Clock } from "../../lib/platform/clock.ts";

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves time, wakes sleepers in order, and lets the work they start run. */
  advance(ms: number): Promise<void>;
  /** The length of every sleep begun so far, in milliseconds. */
  readonly slept: number[];
}

interface Sleeper {
  at: number;
  wake: () => void;
}

export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let now = start;
  let sleepers: Sleeper[] = [];
  const slept: number[] = [];
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    slept,
    now: () => now,
    sleep(ms, signal) {
      slept.push(ms);
      return new Promise((resolve, reject) => {
        const sleeper = { at: now + ms, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener("abort", () => {
          sleepers = sleepers.filter((one) => one !== sleeper);
          reject(signal.reason);
        });
      });
    },
    async advance(ms) {
      const target = now + ms;
      for (;;) {
        await settle();
        const next = sleepers.filter((one) => one.at <= target).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        now = Math.max(now, next.at);
        sleepers = sleepers.filter((one) => one !== next);
        next.wake();
      }
      now = target;
      await settle();
    },
  };
}

/** A clock whose sleeps end at once, with the time moved on. */
export function leapingClock(
  start = Date.UTC(2026, 0, 1),
): Clock & { slept: number[]; leap(ms: number): void } {
  let now = start;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    leap: (ms) => {
      now += ms;
    },
    async sleep(ms, signal) {
      // A sleep with a cancel signal is an alarm; alarms never ring here.
      if (signal) {
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      }
      slept.push(ms);
      now += ms;
    },
  };
}
