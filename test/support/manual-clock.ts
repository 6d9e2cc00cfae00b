import type { Clock } from "../../lib/platform/clock.ts";
import { VirtualTime } from "./virtual-time.ts";

export type ManualClock = ReturnType<typeof manualClock>;

/** A clock that stands still until a test moves it, and then lets the work run that its sleepers start. */
export function manualClock(start = Date.UTC(2026, 0, 1)) {
  const time = new VirtualTime(start);
  /** The length of every sleep begun so far, in milliseconds. */
  const slept: number[] = [];
  return {
    slept,
    now: time.now,
    sleep(ms: number, signal?: AbortSignal) {
      slept.push(ms);
      return time.sleep(ms, signal);
    },
    advance: (ms: number) => time.advance(ms),
    run: <Result>(work: Promise<Result>) => time.run(work),
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
