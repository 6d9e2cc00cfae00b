import { DUPLICATE_CONCURRENT_REQUEST } from "../http/parse-response.ts";
import type { Observation } from "../ports.ts";
import { type Budget, logInstant, type Use, withoutUse, withUse } from "./budget.ts";
import { afterGoodProbe, closedGate, gateState } from "./gate.ts";
import type { RateLimitSettings } from "./limits.ts";
import { correctedOutsideUse, currentOutsideUse } from "./outside-use.ts";
import { raised } from "./peak.ts";
import type { TimeBounds } from "./reference-time.ts";

/** An answer, and the permit it came to. */
export interface Answered {
  observation: Observation;
  /** Absent when the permit did not come from this budget's record. */
  use?: Use | undefined;
  probe?: string | undefined;
  /** Reference time when the permit was handed out, and now. */
  grantedAt: TimeBounds;
  now: TimeBounds;
}

/** Requests that may still be under way when a gate closes, at most so much longer. */
const UNDER_WAY_MS = 3_000;
const LARGEST_LIMIT = 100_000;
const LONGEST_WINDOW_MS = 3_600_000;

/** A budget used up. CMN-304 is about one request, not about the budget. [docs: ERR] */
export function isExhausted({ status, errorCode }: Observation): boolean {
  return status === 429 && errorCode !== DUPLICATE_CONCURRENT_REQUEST;
}

/**
 * The budget after an answer; `undefined` when the answer changes nothing, which is the usual case.
 * @param slack disregards that many calls of others: an old copy of the record does not know the fleet's latest
 */
export function afterAnswer(
  budget: Budget,
  answered: Answered,
  limits: RateLimitSettings,
  slack = 0,
): Budget | undefined {
  const steps = [withStatedLimit, withLateUse, withOutsideUse, withGate];
  const next = steps.reduce((known, step) => step(known, answered, limits, slack), budget);
  return next === budget ? undefined : next;
}

type Step = (budget: Budget, answered: Answered, limits: RateLimitSettings, slack: number) => Budget;

const withStatedLimit: Step = (budget, { observation }) => {
  const limit = within(observation.limit, LARGEST_LIMIT) ?? budget.limit;
  const seconds = observation.windowSeconds;
  const windowMs =
    (seconds === undefined ? undefined : within(seconds * 1_000, LONGEST_WINDOW_MS)) ?? budget.windowMs;
  if (budget.confirmed && limit === budget.limit && windowMs === budget.windowMs) return budget;
  return { ...budget, limit, windowMs, confirmed: true };
};

function within(value: number | undefined, most: number): number | undefined {
  return value !== undefined && value >= 1 && value <= most ? value : undefined;
}

/** The request may have been counted as late as its answer came. */
const withLateUse: Step = (budget, { use, now }) => {
  if (use === undefined || now.latest <= use.by) return budget;
  return { ...budget, uses: movedUse(budget, use, now.latest) };
};

/** One permit of `use`, logged under a later instant. */
export function movedUse(budget: Budget, use: Use, by: number): Use[] {
  const one = { ...use, count: 1 };
  return withUse(withoutUse(budget.uses, one), { ...one, by: logInstant(by, budget) });
}

const withOutsideUse: Step = (budget, { observation, grantedAt, now }, { windowGuardMs }, slack) => {
  const { limit, remaining } = observation;
  if (limit === undefined || remaining === undefined || observation.withoutHeaders) return budget;
  const reading = { limit, remaining, sentAt: grantedAt.earliest, answeredAt: now.latest };
  const count = correctedOutsideUse(budget, reading, windowGuardMs);
  const believed = currentOutsideUse(budget, now.latest, windowGuardMs);
  const isWorthIt = count > believed + slack || believed - count >= Math.max(1, believed / 8);
  const isOld = believed > 0 && now.latest - (budget.outside?.at ?? 0) > budget.windowMs / 4;
  if (!isWorthIt && !isOld) return budget;
  // During a penalty nothing remains, whoever brought it on: that is no measure of what others usually take.
  const usual = isExhausted(observation) ? Math.min(count, Math.floor(limit / 4)) : count;
  const peak = raised(budget.outside?.peak, usual, now.latest);
  return { ...budget, outside: { count, at: now.latest, peak } };
};

const withGate: Step = (budget, { observation, probe, now }, limits) => {
  const { gate: before, ...rest } = budget;
  if (!isExhausted(observation) || observation.withoutHeaders) {
    const gate = probe === undefined ? before : afterGoodProbe(before, probe);
    if (gate === before) return budget;
    return gate ? { ...rest, gate } : rest;
  }
  const gate = closedGate(before, {
    answeredAt: lastArrival(budget, now),
    penaltyMs: penaltyOf(observation, limits),
    guardMs: limits.gateGuardMs,
    probe,
  });
  return gate.until === before?.until && before.probe === undefined ? budget : { ...rest, gate };
};

export function penaltyOf({ retryAfterMs }: Observation, limits: RateLimitSettings): number {
  return Math.max(1_000, retryAfterMs ?? limits.defaultPenaltyMs);
}

/** Whatever is under way when the gate closes may still arrive, and restarts the penalty when it does. */
function lastArrival(budget: Budget, now: TimeBounds): number {
  const isFirst = gateState(budget.gate, now.earliest).state !== "closed";
  const lastUse = isFirst ? (budget.uses.at(-1)?.by ?? 0) : 0;
  return Math.max(now.latest, Math.min(lastUse, now.latest + UNDER_WAY_MS));
}
