import { DUPLICATE_CONCURRENT_REQUEST } from "../http/parse-response.ts";
import {
  charged,
  entryKind,
  externalCalls,
  type GrantedPermit,
  groupIn,
  raised,
  withGroup,
} from "./account-limits.ts";
import type { ClockBounds } from "./clock-bounds.ts";
import { ACCOUNT, type AccountLimits, type GroupLimit } from "./limits-record.ts";
import { afterProbe, afterRejection, pauseState, withoutProbes, withPauses } from "./pause.ts";
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
  return isLate ? charged(next, name, entryKind(permit), now.latest) : next;
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
  const { least, most } = unexplainedCalls(group, limit - remaining, permit.grantedAt.earliest, at);
  // The known calls, corrected as far as RingCentral's count contradicts them.
  const count = Math.max(0, least, Math.min(known, most));
  const isWorthIt = count > known + slack || known - count >= Math.max(1, known / 8);
  const isOld = known > 0 && at - (group.external?.at ?? 0) > group.windowMs / 4;
  if (!isWorthIt && !isOld) return group;
  // During a penalty nothing remains, whichever client caused it: that does not measure what others usually take.
  const usual = isExhausted(observation) ? Math.min(count, Math.floor(limit / 4)) : count;
  const peak = raised(group.external?.peak, at < unloggedUntil ? 0 : usual, at);
  return { ...group, external: { count, at, peak } };
}

/** How many of the calls that RingCentral counted are not in the fleet's log. */
function unexplainedCalls(
  { log, windowMs }: GroupLimit,
  counted: number,
  sentAt: number,
  respondedAt: number,
) {
  let mayCount = 0;
  let mustCount = 0;
  for (const { by, count } of log) {
    if (by >= sentAt - windowMs && by <= respondedAt + USE_SPREAD_MS) mayCount += count;
    if (by <= sentAt && by - USE_SPREAD_MS > respondedAt - windowMs) mustCount += count;
  }
  // The request behind the reading is the fleet's own, whatever the log says.
  return { least: counted - Math.max(1, mayCount), most: counted - Math.max(1, mustCount) };
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
    // A request in flight when the pause begins may still arrive, and restarts the penalty when it does.
    const lastArrival = isFirst ? (groupIn(limits, group).log.at(-1)?.by ?? 0) : 0;
    const respondedAt = Math.max(now.latest, Math.min(lastArrival, now.latest + IN_FLIGHT_MS));
    const next = afterRejection(pause, { respondedAt, penaltyMs, probe });
    return next.until === pause?.until && pause.probe === undefined ? pause : next;
  });
}

/** The next call of the operation is counted where RingCentral counts it; a probe of the former group is free again. */
function withRenamedOperation(limits: AccountLimits, permit: GrantedPermit, group: string): AccountLimits {
  const { operation, documented } = permit.call;
  const next = withoutProbes(limits, permit);
  if ((next.countedIn?.[operation] ?? documented) === group) return next;
  return { ...next, countedIn: { ...next.countedIn, [operation]: group } };
}
