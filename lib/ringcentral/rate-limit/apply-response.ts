import { DUPLICATE_CONCURRENT_REQUEST } from "../http/parse-response.ts";
import {
  type AccountLimits,
  afterAccountProbe,
  charged,
  type GroupLimit,
  groupIn,
  withGroup,
  withGroupPause,
  withoutGroupProbe,
  withPause,
} from "./account-limits.ts";
import type { ClockBounds } from "./clock-bounds.ts";
import { correctedUsage, currentUsage, withUsage } from "./external-usage.ts";
import { afterProbe, afterRejection, pauseState } from "./pause.ts";
import type { GrantedPermit } from "./permit-log.ts";
import type { Observation } from "./ports.ts";
import type { RateLimitSettings } from "./settings.ts";

/** A response and the permit it used. */
export interface Response {
  observation: Observation;
  permit: GrantedPermit;
  now: ClockBounds;
}

/** Requests may still be in flight when a pause begins, at most this much longer. */
const IN_FLIGHT_MS = 3_000;
const LARGEST_LIMIT = 100_000;
const LONGEST_WINDOW_MS = 3_600_000;

/** CMN-304 is about one request, not about a budget. [docs: ERR] */
export function isExhausted({ status, errorCode }: Observation): boolean {
  return status === 429 && errorCode !== DUPLICATE_CONCURRENT_REQUEST;
}

/** The group that RingCentral counted the request in. */
export function countedGroup({ group, withoutHeaders }: Observation, permit: GrantedPermit): string {
  return withoutHeaders ? permit.group : group;
}

/**
 * The limits after a response; `undefined` when it changes nothing, which is the usual case.
 * @param slack ignores that many external calls: an old copy of the record lacks the fleet's latest permits
 */
export function applyResponse(
  limits: AccountLimits,
  response: Response,
  settings: RateLimitSettings,
  slack = 0,
): AccountLimits | undefined {
  const { observation, permit, now } = response;
  const name = countedGroup(observation, permit);
  const known = groupIn(limits, name, settings);
  const { unloggedUntil = 0 } = limits;
  const stated = withStatedLimit(known, observation);
  const learnt = withExternalUsage(stated, response, { ...settings, slack, unloggedUntil });
  const group = withResponsePause(learnt, response, settings);
  let next = group === known ? limits : withGroup(limits, name, group);
  if (name !== permit.group) next = withRenamedOperation(next, permit, name);
  else if (permit.entry !== undefined && now.latest > permit.entry.by) {
    // The request may have been counted as late as its response came.
    next = charged(next, name, permit, now.latest, settings);
  }
  next = withAccountPause(next, response, settings);
  return next === limits ? undefined : next;
}

export function penaltyOf({ retryAfterMs }: Observation, settings: RateLimitSettings): number {
  return Math.max(1_000, retryAfterMs ?? settings.defaultPenaltyMs);
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

function withExternalUsage(
  group: GroupLimit,
  { observation, permit, now }: Response,
  { windowGuardMs, slack, unloggedUntil }: RateLimitSettings & { slack: number; unloggedUntil: number },
): GroupLimit {
  const { limit, remaining } = observation;
  if (limit === undefined || remaining === undefined || observation.withoutHeaders) return group;
  const reading = { limit, remaining, sentAt: permit.grantedAt.earliest, respondedAt: now.latest };
  const count = correctedUsage(group, reading, windowGuardMs);
  const known = currentUsage(group, now.latest, windowGuardMs);
  const isWorthIt = count > known + slack || known - count >= Math.max(1, known / 8);
  const isOld = known > 0 && now.latest - (group.external?.at ?? 0) > group.windowMs / 4;
  if (!isWorthIt && !isOld) return group;
  // During a penalty nothing remains, whichever client caused it: that does not measure what others usually take.
  const usual = isExhausted(observation) ? Math.min(count, Math.floor(limit / 4)) : count;
  return withUsage(group, count, now.latest < unloggedUntil ? 0 : usual, now.latest);
}

function withResponsePause(
  group: GroupLimit,
  { observation, permit, now }: Response,
  settings: RateLimitSettings,
): GroupLimit {
  const { pause } = group;
  const { probe } = permit;
  if (!isExhausted(observation) || observation.withoutHeaders) {
    return probe === undefined ? group : withGroupPause(group, afterProbe(pause, probe));
  }
  const penaltyMs = penaltyOf(observation, settings);
  const guardMs = settings.pauseGuardMs;
  const next = afterRejection(pause, { respondedAt: lastArrival(group, now), penaltyMs, guardMs, probe });
  return next.until === pause?.until && pause.probe === undefined ? group : withGroupPause(group, next);
}

/** A request in flight when the pause begins may still arrive, and restarts the penalty when it does. */
function lastArrival({ pause, log }: GroupLimit, now: ClockBounds): number {
  const isFirst = pauseState(pause, now.earliest).state !== "paused";
  const lastEntry = isFirst ? (log.at(-1)?.by ?? 0) : 0;
  return Math.max(now.latest, Math.min(lastEntry, now.latest + IN_FLIGHT_MS));
}

function withAccountPause(
  limits: AccountLimits,
  { observation, permit, now }: Response,
  settings: RateLimitSettings,
): AccountLimits {
  const { probe } = permit;
  if (!isExhausted(observation) || !observation.withoutHeaders) return afterAccountProbe(limits, probe);
  const penaltyMs = penaltyOf(observation, settings);
  const rejection = { respondedAt: now.latest, penaltyMs, guardMs: settings.pauseGuardMs, probe };
  return withPause(limits, afterRejection(limits.pause, rejection));
}

/** The next call of the operation is counted where RingCentral counts it; a probe of the former group is free again. */
function withRenamedOperation(limits: AccountLimits, permit: GrantedPermit, group: string): AccountLimits {
  const { operation, documented, probe } = permit;
  const next = probe === undefined ? limits : withoutGroupProbe(limits, permit.group, probe);
  const { [operation]: before, ...others } = next.countedIn ?? {};
  if ((before ?? documented) === group) return next;
  return { ...next, countedIn: group === documented ? others : { ...others, [operation]: group } };
}
