import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { ShareUsed } from "../api/errors.ts";
import {
  type Call,
  countPermits,
  currentLog,
  externalCalls,
  faded,
  groupIn,
  logInstant,
  nthLatest,
  raised,
  spanOf,
  withEntry,
  withGroup,
} from "./account-limits.ts";
import type { ClockBounds } from "./clock-bounds.ts";
import {
  chargedToCaller,
  describeShare,
  freshPeakOf,
  isFresh,
  shareFreeFrom,
  sharesOf,
  tagEvery,
} from "./fair-share.ts";
import type { AccountLimits, GroupLimit, LogEntry } from "./limits-record.ts";
import { pauseOf, withPauses, withProbe } from "./pause.ts";
import type { Priority } from "./ports.ts";
import { settings } from "./settings.ts";

export interface PermitRequest {
  readonly call: Pick<Call, "group" | "priority" | "route" | "spender" | "isDue">;
  readonly maxWaitMs: number;
}

export type Decision =
  /** The call may leave from `from` on (fleet time). A `probe` is the first call after a pause. */
  | { kind: "granted"; from: number; entry: LogEntry; probe?: string }
  /** No promise yet; ask again after `waitMs`. */
  | { kind: "later"; waitMs: number }
  /** A permit would come free after `waitMs`; with `share`, others might have one now. */
  | { kind: "rejected"; waitMs: number; share?: ShareUsed };

/** What a decision depends on, with the permits granted so far. */
interface Draft {
  limits: AccountLimits;
  bounds: ClockBounds;
  probeId: string;
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
 * Sync calls take a permit only while the interactive reserve stays free, and nothing is promised to them ahead. A
 * caller beyond its allowance takes one at once or not at all: fair-share.ts.
 *
 * @param prefetch permits to take besides, for expected calls of a group; granted only while less than half is used
 */
export function reserve<Request extends PermitRequest>(
  { limits, bounds, probeId }: Draft,
  requests: readonly Request[],
  prefetch: ReadonlyMap<string, number>,
) {
  const groups = Object.entries(limits.groups).map(
    ([name, group]) => [name, { ...group, log: currentLog(group, bounds.earliest) }] as const,
  );
  const draft = { limits: { ...limits, groups: Object.fromEntries(groups) }, bounds, probeId };
  const rank = ({ call }: Request) => (call.priority === "interactive" ? 0 : 1);
  const decisions = requests
    .toSorted((a, b) => rank(a) - rank(b))
    .map((request): [Request, Decision] => [request, decide(draft, request)]);
  const prefetched = [...prefetch].flatMap(([group, wanted]) => {
    const inGroup = decisions.filter(([{ call }]) => call.group === group);
    const areImmediate = inGroup.every(
      ([, one]) => one.kind === "granted" && one.from <= bounds.earliest && !one.entry.isOwing,
    );
    const count = areImmediate ? Math.min(wanted, spare(draft, group)) : 0;
    const [first] = inGroup;
    if (first === undefined || count < 1) return [];
    // Each is counted in a share when it is used.
    const { spender: _, ...call } = first[0].call;
    return [{ group, entry: take(draft, bounds.earliest + settings.prefetchMs, call, count) }];
  });
  return { limits: draft.limits, decisions, prefetched };
}

function decide(draft: Draft, { call, maxWaitMs }: PermitRequest): Decision {
  const { bounds, probeId } = draft;
  const now = bounds.earliest;
  const later = (waitMs: number): Decision => ({ kind: waitMs <= maxWaitMs ? "later" : "rejected", waitMs });
  const pause = pauseOf(draft.limits, call.group, now);
  if (pause.state === "paused") return { kind: "rejected", waitMs: pause.until - now };
  if (pause.state === "probing") return later(settings.probeResponseMs);
  const isProbe = pause.state === "probe_due";
  const known = groupIn(draft.limits, call.group);
  const { slots } = usableSlots(known, now);
  const held = sharesOf(draft.limits, call, known, now);
  for (const share of held) {
    const shareMs = shareFreeFrom(known, share, slots, now) - now;
    if (shareMs > 0)
      return { kind: "rejected", waitMs: shareMs, share: describeShare(call.group, known, share, slots) };
  }
  const isOwing = held.some(({ level }) => level > settings.freshLevel);
  const { from, promised, crowded } = slotFor(call.priority, known, bounds, isOwing);
  const waitMs = from - now;
  if (waitMs > 0 && (!promised || isProbe)) return later(waitMs);
  if (waitMs > maxWaitMs) return { kind: "rejected", waitMs };
  draft.limits = chargedToCaller(draft.limits, call, known, now);
  const entry = take(draft, from, call, 1, isOwing);
  if (crowded) {
    const group = { ...groupIn(draft.limits, call.group), crowdedAt: now };
    draft.limits = withGroup(draft.limits, call.group, group);
  }
  draft.limits = withPauses(draft.limits, call.group, (one) => withProbe(one, probeId, entry.by, now));
  return { kind: "granted", from, entry, ...(isProbe && { probe: probeId }) };
}

/** Logs permits that are used at the time `from`, as this process knows it, at the latest. */
function take(
  draft: Draft,
  from: number,
  { group: name, priority, route, spender }: PermitRequest["call"],
  count: number,
  isOwing = false,
): LogEntry {
  const { earliest, latest } = draft.bounds;
  const group = groupIn(draft.limits, name);
  const by = logInstant(from + (latest - earliest) + settings.arrivalMs, group);
  const tag = earliest % tagEvery(group) === 0 ? spender : undefined;
  const entry = omitUndefined({ by, count, priority, route, spender: tag, isOwing: isOwing || undefined });
  const log = withEntry(group.log, entry);
  const interactive = countPermits(log.filter((one) => one.priority === "interactive"));
  const interactivePeak = raised(group.interactivePeak, interactive, earliest);
  const freshPeak = freshPeakOf({ ...group, log }, earliest);
  draft.limits = withGroup(draft.limits, name, { ...group, log, interactivePeak, freshPeak });
  return entry;
}

/** The earliest instant with a slot for a call of this priority; `promised`: it may be kept for the call till then. */
function slotFor(priority: Priority, group: GroupLimit, bounds: ClockBounds, isOwing: boolean) {
  const now = bounds.earliest;
  const { slots, until } = usableSlots(group, now);
  const mine = priority === "sync" ? slotsForSync(slots, group, now) : slots;
  if (mine < 1) return { from: until ?? now + spanOf(group), promised: false, crowded: false };
  const last = nthLatest(group.log, mine);
  const freeFrom = last === undefined ? now : Math.max(now, last + spanOf(group));
  if (!group.confirmed && freeFrom > now) {
    return { from: now + settings.probeResponseMs / 4, promised: false, crowded: false };
  }
  // Others leave room for a caller that owes little, so only such calls space out its own.
  const spaced = priority === "interactive" && !isOwing ? group.log.filter(isFresh) : group.log;
  const from = Math.max(freeFrom, pacedFrom(group, bounds, slots, spaced));
  return { from, promised: priority === "interactive", crowded: freeFrom > now };
}

/** The fleet's part of the limit, and until when it is zero. */
export function usableSlots(group: GroupLimit, now: number): { slots: number; until?: number } {
  const { limit, confirmed, external } = group;
  if (!confirmed) return { slots: Math.max(1, Math.floor(limit * settings.unconfirmedShare)) };
  if (external === undefined) return { slots: limit };
  const known = externalCalls(group, now);
  if (known >= limit) return { slots: 0, until: external.at + spanOf(group) };
  const others = Math.max(Math.floor(faded(external.peak, now)), known);
  // A margin for calls that no response has shown yet: random arrivals seldom vary by more than twice the square root
  // of their number.
  return { slots: Math.max(1, limit - others - Math.ceil(2 * Math.sqrt(others))) };
}

/**
 * The slots that sync calls may use. They leave free the reserve, and the recent peak of interactive calls plus a
 * quarter. With the reserve only, the first interactive calls would use it up, and the slots of sync come back a window
 * later.
 */
function slotsForSync(slots: number, group: GroupLimit, now: number): number {
  const { limit, confirmed, log } = group;
  const reserved = reserveFor(limit);
  if (!confirmed) return Math.min(slots, limit - reserved);
  const interactive = Math.ceil(faded(group.interactivePeak, now) * 1.25) + 1;
  const spent = countPermits(log.filter(({ priority }) => priority === "sync"));
  return spent < Math.max(1, limit - Math.max(reserved, interactive)) ? slots - reserved : 0;
}

/** Calls that sync leaves free: by default 3 of 10, 12 of 40, 15 of 50. */
export function reserveFor(limit: number): number {
  const share = Math.ceil(limit * settings.interactiveShare);
  return Math.min(limit - 1, Math.max(share, Math.min(settings.interactiveCalls, Math.floor(limit / 2))));
}

/**
 * While demand exceeds the budget, permits are spaced out over the window. Otherwise all of them would go in one burst
 * with none left for a minute, and a 429 would find many requests in flight. The few calls with which an app opens a page
 * leave together: spaced, the last of them would wait too long.
 */
function pacedFrom(
  { crowdedAt, windowMs, log }: GroupLimit,
  { earliest, latest }: ClockBounds,
  slots: number,
  spaced: readonly LogEntry[],
): number {
  const spacingMs = settings.pace * (windowMs / slots);
  const due = Math.floor(settings.paceTogetherMs / spacingMs);
  const together = Math.max(1, Math.min(settings.paceTogether, due));
  const before = nthLatest(spaced, together);
  const isCrowded = crowdedAt !== undefined && earliest - crowdedAt < 2 * windowMs;
  if (!isCrowded || before === undefined || countPermits(log) * 2 < slots) return earliest;
  return before - settings.arrivalMs - (latest - earliest) + together * spacingMs;
}

/** Permits that may be prefetched: a quarter of those free above half of the budget, none while it is paused. */
function spare({ limits, bounds }: Draft, name: string): number {
  const now = bounds.earliest;
  if (pauseOf(limits, name, now).state !== "none") return 0;
  const group = groupIn(limits, name);
  const { slots } = usableSlots(group, now);
  return Math.max(0, Math.floor((slots / 2 - countPermits(group.log)) / 4));
}
