import type { Clock } from "../../platform/clock.ts";

/** Bounds of the fleet's time right now, in epoch milliseconds. */
export interface ClockBounds {
  earliest: number;
  latest: number;
}

/**
 * Fleet time: one time line for all instances. A permit counts from the earliest to the latest instant at which it may
 * have been used, so an instance with a wrong clock wastes some budget and never exceeds it.
 */
export interface FleetClock {
  now(): ClockBounds;
}

/** One exchange with the table, by this process's clock, and the `Date` header of the response. */
interface TimeSample {
  sentAt: number;
  receivedAt: number;
  /** Epoch milliseconds, cut to whole seconds. */
  dateMs: number;
}

export interface TableClock extends FleetClock {
  learn(sample: TimeSample): void;
}

/** Oscillators drift by about 50 parts per million; this is twice that, per millisecond since the last sample. */
const DRIFT = 0.0001;
const DATE_RESOLUTION_MS = 1_000;
/** The machines that serve the table agree with each other to a few milliseconds. */
const TOLERANCE_MS = 20;

/**
 * The table's own clock, learnt from the `Date` header of its responses. The header has whole seconds only, but each
 * response bounds the offset between the two clocks from both sides. The bounds of several responses together come
 * close to the round-trip time. Before the first response the bounds are `maxSkewMs` either way.
 */
export function createTableClock({ clock, maxSkewMs }: { clock: Clock; maxSkewMs: number }): TableClock {
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
      // Disjoint bounds mean that a clock was set: the sample replaces what was known.
      const bounds = low <= high ? { low, high } : sample;
      offset = { ...bounds, at: receivedAt, learnt: true };
    },
  };
}
