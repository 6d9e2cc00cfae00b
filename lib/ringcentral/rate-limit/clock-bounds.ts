import type { Clock } from "../../platform/clock.ts";

/** Bounds of the fleet's time right now, in epoch milliseconds. */
export interface ClockBounds {
  earliest: number;
  latest: number;
}

/**
 * Fleet time: one time line for all processes. A permit counts from the earliest to the latest instant at which it may
 * have been used, so a process with a wrong clock wastes some budget and never exceeds it.
 */
export interface FleetClock {
  now(): ClockBounds;
}

/** Largest error of a process's clock; used until the table's time is known. */
const MAX_SKEW_MS = 5_000;
/** Oscillators drift by about 50 parts per million; this is twice that, per millisecond since the last sample. */
const DRIFT = 0.0001;
const DATE_RESOLUTION_MS = 1_000;
/** The machines that serve the table agree with each other to a few milliseconds. */
const TOLERANCE_MS = 20;

/**
 * The table's own clock, learnt from the `Date` header of its responses. The header has whole seconds only, but each
 * response bounds the offset between the two clocks from both sides. The bounds of several responses together come
 * close to the round-trip time.
 */
export function createTableClock(clock: Clock) {
  /** Table minus own clock. */
  let offset = { low: -MAX_SKEW_MS, high: MAX_SKEW_MS };
  let learntAt = Number.POSITIVE_INFINITY;

  const widened = (now: number) => {
    const drift = Math.max(0, now - learntAt) * DRIFT;
    return { low: offset.low - drift, high: offset.high + drift };
  };

  return {
    now(): ClockBounds {
      const now = clock.now();
      const { low, high } = widened(now);
      return { earliest: Math.floor(now + low), latest: Math.ceil(now + high) };
    },
    /** From one exchange with the table, by this process's clock, and the `Date` header of the response. */
    learn({ sentAt, receivedAt, dateMs }: { sentAt: number; receivedAt: number; dateMs: number }): void {
      if (!Number.isFinite(dateMs) || receivedAt < sentAt) return;
      const sample = {
        low: dateMs - receivedAt - TOLERANCE_MS,
        high: dateMs + DATE_RESOLUTION_MS - sentAt + TOLERANCE_MS,
      };
      const known = widened(receivedAt);
      const low = Math.max(known.low, sample.low);
      const high = Math.min(known.high, sample.high);
      // Disjoint bounds mean that a clock was set: the sample replaces what was known.
      offset = low <= high ? { low, high } : sample;
      learntAt = receivedAt;
    },
  };
}
