import { DUPLICATE_CONCURRENT_REQUEST } from "../http/parse-response.ts";
import {
  charged,
  externalCalls,
  type GrantedPermit,
  groupIn,
  raised,
  withGroup,
  withoutProbes,
  withPauses,
} from "./account-limits.ts";
import type { ClockBounds } from "./clock-bounds.ts";
import { ACCOUNT, type AccountLimits, type GroupLimit } from "./limits-record.ts";
import { afterProbe, afterRejection, pauseState } from "./pause.ts";
import type { Observation } from "./ports.ts";
import { settings } from "./settings.ts";

/** A response and the permit it used. */
export interface Response {
  observation: Observation;
  permit: GrantedPermit;
  now: ClockBounds;
}

/** Requests may still be in flight when a pause begins, at most this much longer. */
const IN_FLIGHT_MS = 3_000;
/** The most time between the earliest and the latest instant at which a permit may have been used. */
const USE_SPREAD_MS = 3_000;
const LARGEST_LIMIT = 100_000;
const LONGEST_WINDOW_MS = 3_600_000;

/** CMN-304 is about one request, not about a budget. [docs: ERR] */
export function isExhausted({ status, errorCode }: Observation): boolean {
  return status === 429 && errorCode !== DUPLICATE_CONCURRENT_REQUEST;
}

/** The group that RingCentral counted the request in. */
export function countedGroup({ observation, permit }: Response): string {
  return observation.withoutHeaders ? permit.call.group : observation.group;
}

export function penaltyOf({ retryAfterMs }: Observation): number {
  return Math.max(1_000, retryAfterMs ?? settings.defaultPenaltyMs);
}

/**
 * The limits after a response: usually the same object, because it changes nothing.
 * @param slack ignores that many external calls: an old copy of the record lacks the fleet's latest permits
 */
export function applyResponse(limits: AccountLimits, response: Response, slack = 0): AccountLimits {
  const { permit, now } = response;
  const { call, entry } = permit;
  const name = countedGroup(response);
  const known = groupIn(limits, name);
  const stated = withStatedLimit(known, response.observation);
  const group = withExternalCalls(stated, response, limits.unloggedUntil ?? 0, slack);
  const learnt = group === known ? limits : withGroup(limits, name, group);
  const next = withPausesAfter(learnt, response);
  if (name !== call.group) return withRenamedOperation(next, permit, name);
  // The request may have been counted as late as its response came.
  const isLate = entry !== undefined && now.latest > entry.by;
  return isLate ? charged(next, name, permit, now.latest) : next;
}

function withStatedLimit(group: GroupLimit, observation: Observation): GroupLimit {
  const limit = within(observation.limit, LARGEST_LIMIT) ?? group.limit;
  const seconds = observation.windowSeconds ?? 0;
  const windowMs = within(seconds * 1_000, LONGEST_WINDOW_MS) ?? group.windowMs;
  if (group.confirmed && limit === group.limit && windowMs === group.windowMs) return group;
  return { ...group, limit, windowMs, confirmed: true };
}

function within(value: number | undefined, most: number): number | undefined {
  return value !== undefined && value >= 1 && value <= most ? value : undefined;
}

function withExternalCalls(
  group: GroupLimit,
  { observation, permit, now }: Response,
  unloggedUntil: number,
  slack: number,
): GroupLimit {
  const { limit, remaining, withoutHeaders } = observation;
  if (limit === undefined || remaining === undefined || withoutHeaders) return group;
  const at = now.latest;
  const known = externalCalls(group, at);
  const count = correctedCalls(group, known, limit - remaining, permit.grantedAt.earliest, at);
  const isWorthIt = count > known + slack || known - count >= Math.max(1, known / 8);
  const isOld = known > 0 && at - (group.external?.at ?? 0) > group.windowMs / 4;
  if (!isWorthIt && !isOld) return group;
  // During a penalty nothing remains, whichever client caused it: that does not measure what others usually take.
  const usual = isExhausted(observation) ? Math.min(count, Math.floor(limit / 4)) : count;
  const peak = raised(group.external?.peak, at < unloggedUntil ? 0 : usual, at);
  return { ...group, external: { count, at, peak } };
}

/** The known external calls, corrected as far as RingCentral's count of all calls contradicts them. */
function correctedCalls(
  { log, windowMs }: GroupLimit,
  known: number,
  counted: number,
  sentAt: number,
  respondedAt: number,
): number {
  let mayCount = 0;
  let mustCount = 0;
  for (const { by, count } of log) {
    if (by >= sentAt - windowMs && by <= respondedAt + USE_SPREAD_MS) mayCount += count;
    if (by <= sentAt && by - USE_SPREAD_MS > respondedAt - windowMs) mustCount += count;
  }
  // The request behind the reading is the fleet's own, whatever the log says.
  const least = counted - Math.max(1, mayCount);
  const most = counted - Math.max(1, mustCount);
  return Math.max(0, least, Math.min(known, most));
}

/** A 429 pauses its group, or the account; any other response of a probe ends the pause. */
function withPausesAfter(limits: AccountLimits, response: Response): AccountLimits {
  const { observation, permit, now } = response;
  const { probe } = permit;
  const group = countedGroup(response);
  const rejecting = observation.withoutHeaders ? ACCOUNT : group;
  const penaltyMs = penaltyOf(observation);
  return withPauses(limits, group, (pause, name) => {
    if (!isExhausted(observation) || name !== rejecting) return afterProbe(pause, probe);
    const isFirst = name === group && pauseState(pause, now.earliest).state !== "paused";
    const respondedAt = isFirst ? lastArrival(groupIn(limits, group), now.latest) : now.latest;
    const next = afterRejection(pause, { respondedAt, penaltyMs, guardMs: settings.pauseGuardMs, probe });
    return next.until === pause?.until && pause.probe === undefined ? pause : next;
  });
}

/** A request in flight when the pause begins may still arrive, and restarts the penalty when it does. */
function lastArrival({ log }: GroupLimit, now: number): number {
  return Math.max(now, Math.min(log.at(-1)?.by ?? 0, now + IN_FLIGHT_MS));
}

/** The next call of the operation is counted where RingCentral counts it; a probe of the former group is free again. */
function withRenamedOperation(
  limits: AccountLimits,
  { call, probe }: GrantedPermit,
  group: string,
): AccountLimits {
  const { operation, documented } = call;
  const next = probe === undefined ? limits : withoutProbes(limits, call.group, probe);
  if ((next.countedIn?.[operation] ?? documented) === group) return next;
  return { ...next, countedIn: { ...next.countedIn, [operation]: group } };
}
