import {
  type AccountLimits,
  type GroupLimit,
  groupIn,
  pauseOf,
  withGroup,
  withGroupPause,
  withPause,
} from "./account-limits.ts";
import type { ClockBounds } from "./clock-bounds.ts";
import { currentUsage, leftToOthers } from "./external-usage.ts";
import { type Pause, pauseState, withProbe } from "./pause.ts";
import { faded, raised } from "./peak.ts";
import {
  countPermits,
  type LogEntry,
  logInstant,
  nthLatest,
  withEntry,
  withoutExpired,
} from "./permit-log.ts";
import type { Priority } from "./ports.ts";
import type { RateLimitSettings } from "./settings.ts";

export interface PermitRequest {
  group: string;
  priority: Priority;
  route: string;
  maxWaitMs: number;
}

export type Decision =
  /** The call may leave from `from` on (fleet time). A `probe` is the first call after a pause. */
  | { kind: "granted"; from: number; entry: LogEntry; probe?: string }
  /** No promise yet; ask again after `waitMs`. */
  | { kind: "later"; waitMs: number }
  /** A permit would come free after `waitMs`. */
  | { kind: "rejected"; waitMs: number };

export interface ReserveInput {
  limits: AccountLimits;
  requests: readonly PermitRequest[];
  bounds: ClockBounds;
  /** Permits to take besides, for expected calls of a group; granted only while less than half is used. */
  prefetch: ReadonlyMap<string, number>;
  probeId: string;
}

export interface Reservation {
  limits: AccountLimits;
  /** One per request, in order. */
  decisions: Decision[];
  prefetched: Array<{ group: string; entry: LogEntry }>;
}

interface Draft extends Pick<ReserveInput, "bounds" | "probeId"> {
  limits: AccountLimits;
  settings: RateLimitSettings;
}

/**
 * Decides which call may leave when. Pure: its result holds once the compare-and-set that follows succeeds.
 *
 * A budget is a row of `limit` slots. A permit takes the slot that was used longest ago, as soon as RingCentral's
 * window has passed that use: the latest arrival of the earlier request, plus the window, is not after the earliest
 * arrival of the new one. So each slot is used at most once in any window, and no window holds more than `limit`. A
 * slot that comes free soon is promised ahead, which makes the queue of the whole fleet first come, first served,
 * without polling. RingCentral's window slides. [docs: RATE]
 *
 * Sync calls take a permit only while the interactive reserve stays free, and nothing is promised to them ahead.
 */
export function reserve(input: ReserveInput, settings: RateLimitSettings): Reservation {
  const { requests, bounds, probeId, prefetch } = input;
  const draft: Draft = { limits: pruned(input.limits, bounds, settings), bounds, probeId, settings };
  const decisions: Decision[] = requests.map(() => ({ kind: "rejected", waitMs: 0 }));
  const rank = ({ priority }: PermitRequest) => (priority === "interactive" ? 0 : 1);
  const inOrder = requests
    .map((request, index) => ({ request, index }))
    .sort((a, b) => rank(a.request) - rank(b.request) || a.index - b.index);
  for (const { request, index } of inOrder) decisions[index] = decide(draft, request);

  const prefetched: Reservation["prefetched"] = [];
  for (const [group, wanted] of prefetch) {
    const first = inOrder.find(({ request }) => request.group === group);
    const areImmediate = requests.every((request, i) => request.group !== group || isImmediate(decisions[i]));
    if (first === undefined || !areImmediate) continue;
    const count = Math.min(wanted, spare(draft, group));
    const request = { ...first.request, count, extraMs: settings.prefetchMs };
    if (count > 0) prefetched.push({ group, entry: take(draft, bounds.earliest, request) });
  }
  return { limits: draft.limits, decisions, prefetched };

  function isImmediate(decision: Decision | undefined): boolean {
    return decision?.kind === "granted" && decision.from <= bounds.earliest;
  }
}

function pruned(
  limits: AccountLimits,
  { earliest }: ClockBounds,
  settings: RateLimitSettings,
): AccountLimits {
  const groups = Object.entries(limits.groups).map(([name, group]): [string, GroupLimit] => {
    const spanMs = group.windowMs + settings.windowGuardMs;
    return [name, { ...group, log: withoutExpired(group.log, spanMs, earliest) }];
  });
  return { ...limits, groups: Object.fromEntries(groups) };
}

function decide(draft: Draft, request: PermitRequest): Decision {
  const { bounds, settings } = draft;
  const now = bounds.earliest;
  const pause = pauseOf(draft.limits, request.group, now);
  if (pause.state === "paused") return { kind: "rejected", waitMs: pause.until - now };
  if (pause.state === "probing") return postponed(request, settings.probeResponseMs);
  const isProbe = pause.state === "probe_due";
  const group = groupIn(draft.limits, request.group, settings);
  const { from, promised, crowded } = slotFor(request.priority, group, bounds, settings);
  const waitMs = from - now;
  if (waitMs > 0 && (!promised || isProbe)) return postponed(request, waitMs);
  if (waitMs > request.maxWaitMs) return { kind: "rejected", waitMs };
  const entry = take(draft, from, request);
  const taken = groupIn(draft.limits, request.group, settings);
  const probed = withGroupPause(taken, startProbe(draft, taken.pause, entry));
  draft.limits = withGroup(draft.limits, request.group, crowded ? { ...probed, crowdedAt: now } : probed);
  draft.limits = withPause(draft.limits, startProbe(draft, draft.limits.pause, entry));
  return { kind: "granted", from, entry, ...(isProbe && { probe: draft.probeId }) };
}

function postponed({ maxWaitMs }: PermitRequest, waitMs: number): Decision {
  return waitMs <= maxWaitMs ? { kind: "later", waitMs } : { kind: "rejected", waitMs };
}

function startProbe(
  { bounds, probeId }: Draft,
  pause: Pause | undefined,
  { by }: LogEntry,
): Pause | undefined {
  const isDue = pause !== undefined && pauseState(pause, bounds.earliest).state === "probe_due";
  return isDue ? withProbe(pause, probeId, by) : pause;
}

function take(
  draft: Draft,
  from: number,
  request: Pick<PermitRequest, "group" | "priority" | "route"> & { count?: number; extraMs?: number },
): LogEntry {
  const { bounds, settings } = draft;
  const { priority, route, count = 1, extraMs = 0 } = request;
  const group = groupIn(draft.limits, request.group, settings);
  const widthMs = bounds.latest - bounds.earliest;
  const by = logInstant(from + widthMs + extraMs + settings.arrivalMs, group);
  const entry = { by, count, priority, route };
  const log = withEntry(group.log, entry);
  const interactive = countPermits(log.filter((one) => one.priority === "interactive"));
  const interactivePeak = raised(group.interactivePeak, interactive, bounds.earliest);
  draft.limits = withGroup(draft.limits, request.group, { ...group, log, interactivePeak });
  return entry;
}

/** The earliest instant with a slot for a call of this priority; `promised`: it may be kept for the call till then. */
function slotFor(
  priority: Priority,
  group: GroupLimit,
  bounds: ClockBounds,
  settings: RateLimitSettings,
): { from: number; promised: boolean; crowded: boolean } {
  const now = bounds.earliest;
  const spanMs = group.windowMs + settings.windowGuardMs;
  const { slots, until } = usableSlots(group, now, settings);
  const mine = priority === "sync" ? slotsForSync(slots, group, now, settings) : slots;
  if (mine < 1) return { from: until ?? now + spanMs, promised: false, crowded: false };
  const last = nthLatest(group.log, mine);
  const freeFrom = last === undefined ? now : Math.max(now, last + spanMs);
  if (!group.confirmed && freeFrom > now) {
    return { from: now + settings.probeResponseMs / 4, promised: false, crowded: false };
  }
  const from = Math.max(freeFrom, pacedFrom(group, bounds, slots, settings));
  return { from, promised: priority === "interactive", crowded: freeFrom > now };
}

/** The fleet's part of the limit, and until when it is zero. */
function usableSlots(
  group: GroupLimit,
  now: number,
  { unconfirmedShare, windowGuardMs }: RateLimitSettings,
): { slots: number; until?: number } {
  const { limit, windowMs, confirmed, external } = group;
  if (!confirmed) return { slots: Math.max(1, Math.floor(limit * unconfirmedShare)) };
  if (external === undefined) return { slots: limit };
  if (currentUsage(group, now, windowGuardMs) >= limit) {
    return { slots: 0, until: external.at + windowMs + windowGuardMs };
  }
  return { slots: Math.max(1, limit - leftToOthers(group, now, windowGuardMs)) };
}

/**
 * Sync leaves the reserve free, and to interactive calls as a whole their recent peak and a little more. A reserve
 * alone would be gone after their first calls, and the slots of sync come back a window later.
 */
function slotsForSync(slots: number, group: GroupLimit, now: number, settings: RateLimitSettings): number {
  const { limit, confirmed, log } = group;
  const reserved = reserveFor(limit, settings);
  if (!confirmed) return Math.min(slots, limit - reserved);
  const interactive = Math.ceil(faded(group.interactivePeak, now) * 1.25) + 1;
  const spent = countPermits(log.filter(({ priority }) => priority === "sync"));
  return spent < Math.max(1, limit - Math.max(reserved, interactive)) ? slots - reserved : 0;
}

/** Calls that sync leaves free: by default 3 of 10, 12 of 40, 15 of 50. */
export function reserveFor(limit: number, settings: RateLimitSettings): number {
  const share = Math.ceil(limit * settings.interactiveShare);
  return Math.min(limit - 1, Math.max(share, Math.min(settings.interactiveCalls, Math.floor(limit / 2))));
}

/**
 * While demand exceeds the budget, permits are spaced out over the window. Otherwise all of them would go in one burst
 * with none left for a minute, and a 429 would find many requests in flight.
 */
function pacedFrom(
  group: GroupLimit,
  bounds: ClockBounds,
  slots: number,
  settings: RateLimitSettings,
): number {
  const { crowdedAt, windowMs, log } = group;
  const last = log.at(-1);
  const isCrowded = crowdedAt !== undefined && bounds.earliest - crowdedAt < 2 * windowMs;
  if (!isCrowded || last === undefined || countPermits(log) * 2 < slots) return bounds.earliest;
  const lastFrom = last.by - settings.arrivalMs - (bounds.latest - bounds.earliest);
  return lastFrom + settings.pace * (windowMs / slots);
}

/** Permits that may be prefetched: a quarter of those free above half of the budget, none while it is paused. */
function spare({ limits, bounds, settings }: Draft, name: string): number {
  const now = bounds.earliest;
  if (pauseOf(limits, name, now).state !== "none") return 0;
  const group = groupIn(limits, name, settings);
  const { slots } = usableSlots(group, now, settings);
  return Math.max(0, Math.floor((slots / 2 - countPermits(group.log)) / 4));
}
