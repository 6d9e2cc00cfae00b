import type { Clock } from "../../platform/clock.ts";

/** Where the shared reference time lies right now, in epoch milliseconds. */
export interface TimeBounds {
  earliest: number;
  latest: number;
}

/**
 * One time line for the whole fleet. Permits are given by it: a use of the budget counts from the earliest to
 * the latest instant it may have had, so an instance with a wrong clock wastes some budget and never exceeds it.
 */
export interface ReferenceTime {
  now(): TimeBounds;
}

/** One exchange with the table, by this process's clock, and the `Date` header of its answer. */
interface TimeSample {
  sentAt: number;
  receivedAt: number;
  /** Epoch milliseconds; whole seconds, cut off. */
  dateMs: number;
}

export interface TableTime extends ReferenceTime {
  learn(sample: TimeSample): void;
}

/** Oscillators drift by some 50 parts per million; twice that, per millisecond since the last sample. */
const DRIFT = 0.0001;
const DATE_RESOLUTION_MS = 1_000;
/** The machines that answer for the table agree with each other to a few milliseconds. */
const TOLERANCE_MS = 20;

/**
 * The table's own clock as the reference, learnt from the `Date` header of its answers. The header has whole
 * seconds only; but each answer bounds the difference between the two clocks from both sides, and the bounds of
 * several answers together come close to the round-trip time. Before the first answer: `maxSkewMs` either way.
 */
export function createTableTime({ clock, maxSkewMs }: { clock: Clock; maxSkewMs: number }): TableTime {
  /** Table minus own clock. */
  let offset = { low: -maxSkewMs, high: maxSkewMs, at: clock.now(), learnt: false };

  const widened = (now: number) => {
    const drift = offset.learnt ? Math.max(0, now - offset.at) * DRIFT : 0;
    return { low: offset.low - drift, high: offset.high + drift };
  };

  return {
    now() {
      const now = clock.now();
      const { low, high } = widened(now);
      return { earliest: Math.floor(now + low), latest: Math.ceil(now + high) };
    },
    learn({ sentAt, receivedAt, dateMs }) {
      if (!Number.isFinite(dateMs) || receivedAt < sentAt) return;
      const sample = {
        low: dateMs - receivedAt - TOLERANCE_MS,
        high: dateMs + DATE_RESOLUTION_MS - sentAt + TOLERANCE_MS,
      };
      const known = widened(receivedAt);
      const low = Math.max(known.low, sample.low);
      const high = Math.min(known.high, sample.high);
      // Nothing in common: a clock was set. What is new is right.
      const bounds = low <= high ? { low, high } : sample;
      offset = { ...bounds, at: receivedAt, learnt: true };
    },
  };
}
