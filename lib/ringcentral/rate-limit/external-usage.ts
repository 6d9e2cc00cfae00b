import type { GroupLimit } from "./account-limits.ts";
import { faded, raised } from "./peak.ts";

/** What one response says about the budget, and when RingCentral may have counted its request (fleet time). */
export interface Reading {
  limit: number;
  remaining: number;
  sentAt: number;
  respondedAt: number;
}

/** The most time between the earliest and the latest instant at which a permit may have been used. */
const USE_SPREAD_MS = 3_000;

/** The known usage, corrected as far as the reading contradicts it. */
export function correctedUsage(group: GroupLimit, reading: Reading, windowGuardMs: number): number {
  const { sentAt, respondedAt } = reading;
  const { log, windowMs } = group;
  const spent = reading.limit - reading.remaining;
  let mayCount = 0;
  let mustCount = 0;
  for (const { by, count } of log) {
    if (by >= sentAt - windowMs && by <= respondedAt + USE_SPREAD_MS) mayCount += count;
    if (by <= sentAt && by - USE_SPREAD_MS > respondedAt - windowMs) mustCount += count;
  }
  // The request behind the reading is the fleet's own, whatever the log says.
  const least = spent - Math.max(1, mayCount);
  const most = spent - Math.max(1, mustCount);
  return Math.max(0, least, Math.min(currentUsage(group, respondedAt, windowGuardMs), most));
}

/** A reading says nothing about a window that began after it. */
export function currentUsage({ external, windowMs }: GroupLimit, now: number, windowGuardMs: number): number {
  return external === undefined || now >= external.at + windowMs + windowGuardMs ? 0 : external.count;
}

/** @param usual the part of `count` that is likely to come again */
export function withUsage(group: GroupLimit, count: number, usual: number, at: number): GroupLimit {
  return { ...group, external: { count, at, peak: raised(group.external?.peak, usual, at) } };
}

/**
 * Permits the fleet leaves to others: their present or recent calls, and a margin for calls the fleet has not heard
 * of. Random arrivals seldom vary by more than twice the square root of their number.
 */
export function leftToOthers(group: GroupLimit, now: number, windowGuardMs: number): number {
  const usual = Math.floor(faded(group.external?.peak, now));
  const others = Math.max(usual, currentUsage(group, now, windowGuardMs));
  return others + Math.ceil(2 * Math.sqrt(others));
}
