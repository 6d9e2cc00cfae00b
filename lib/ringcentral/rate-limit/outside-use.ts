import type { Budget } from "./budget.ts";
import { faded } from "./peak.ts";

/** One answer's word on the budget, and when RingCentral may have counted its request (reference time). */
export interface Reading {
  limit: number;
  remaining: number;
  sentAt: number;
  answeredAt: number;
}

/** Between the earliest and the latest instant a permit may have been used; generous. */
const USE_SPREAD_MS = 3_000;

/**
 * How many calls in RingCentral's window are nobody's of the fleet: `least` if all our permits count that may,
 * `most` if only those do that must. [docs: RATE: a budget is shared by all clients of one user and app]
 */
function outsideUse({ uses, windowMs }: Budget, reading: Reading): { least: number; most: number } {
  const { sentAt, answeredAt } = reading;
  const spent = reading.limit - reading.remaining;
  let mayCount = 0;
  let mustCount = 0;
  for (const { by, count } of uses) {
    if (by >= sentAt - windowMs && by <= answeredAt + USE_SPREAD_MS) mayCount += count;
    if (by <= sentAt && by - USE_SPREAD_MS > answeredAt - windowMs) mustCount += count;
  }
  // The request that was answered is one of ours, whatever the log says.
  return { least: spent - Math.max(1, mayCount), most: spent - Math.max(1, mustCount) };
}

/** The calls of others to reckon with: what is believed, corrected as far as the reading contradicts it. */
export function correctedOutsideUse(budget: Budget, reading: Reading, windowGuardMs: number): number {
  const { least, most } = outsideUse(budget, reading);
  const believed = currentOutsideUse(budget, reading.answeredAt, windowGuardMs);
  return Math.max(0, least, Math.min(believed, most));
}

/** A reading says nothing about a window that began after it. */
export function currentOutsideUse({ outside, windowMs }: Budget, now: number, windowGuardMs: number): number {
  if (outside === undefined || now >= outside.at + windowMs + windowGuardMs) return 0;
  return outside.count;
}

/**
 * Permits the fleet leaves to others: what they take, or lately took, and a margin for calls they make before the
 * fleet hears of them. Calls that arrive at random seldom vary by more than twice the root of their number.
 */
export function leftToOthers(budget: Budget, now: number, windowGuardMs: number): number {
  const usual = Math.floor(faded(budget.outside?.peak, now));
  const others = Math.max(usual, currentOutsideUse(budget, now, windowGuardMs));
  return others + Math.ceil(2 * Math.sqrt(others));
}
