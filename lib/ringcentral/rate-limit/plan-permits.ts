import {
  type Budget,
  countUses,
  logInstant,
  nthLatest,
  type Priority,
  type Use,
  withoutOldUses,
  withUse,
} from "./budget.ts";
import { gateState, withProbe } from "./gate.ts";
import type { RateLimitSettings } from "./limits.ts";
import { currentOutsideUse, leftToOthers } from "./outside-use.ts";
import { faded, raised } from "./peak.ts";
import type { TimeBounds } from "./reference-time.ts";

/** A call that wants a permit. */
export interface Ask {
  priority: Priority;
  route: string;
  /** It can wait so long. */
  maxWaitMs: number;
}

export type Decision =
  /** It may leave from `from` on (reference time). A `probe` goes first after a closed gate. */
  | { kind: "granted"; from: number; use: Use; probe?: string }
  /** Not to be promised yet; ask again then. */
  | { kind: "later"; waitMs: number }
  /** A permit would come free after `waitMs`. */
  | { kind: "refused"; waitMs: number };

export interface PlanInput {
  budget: Budget;
  asks: readonly Ask[];
  time: TimeBounds;
  /** Permits to take besides, for calls that are expected; given only while they are plenty. */
  ahead: number;
  /** Names the probe, if this turns out to be one. */
  probeId: string;
}

export interface Plan {
  budget: Budget;
  /** One for each ask, in order. */
  decisions: Decision[];
  ahead?: Use;
}

/**
 * Who may leave when. Pure: what comes of it depends on the compare-and-set that follows.
 *
 * The budget is a row of `limit` slots. A permit takes the slot that was used longest ago, from the instant at
 * which RingCentral's window has surely passed over that use: the latest instant the former may have arrived,
 * plus the window, is not after the earliest the new one may. So each slot is used at most once in any window,
 * and no window holds more than `limit`. A slot that comes free soon is promised ahead, which makes the queue of
 * the whole fleet first come, first served, without polling. [docs: RATE, sliding window]
 *
 * Sync calls may only take a permit while `reserve` others stay free, and nothing is promised to them ahead.
 */
export function planPermits(input: PlanInput, limits: RateLimitSettings): Plan {
  const { asks, time, probeId } = input;
  const now = time.earliest;
  const widthMs = time.latest - time.earliest;
  const spanMs = input.budget.windowMs + limits.windowGuardMs;
  const budget: Budget = { ...input.budget, uses: withoutOldUses(input.budget.uses, spanMs, now) };
  const decisions: Decision[] = asks.map(() => ({ kind: "refused", waitMs: 0 }));
  const gate = gateState(budget.gate, now);
  const inOrder = asks
    .map((ask, index) => ({ ask, index }))
    .sort((a, b) => rank(a.ask.priority) - rank(b.ask.priority) || a.index - b.index);

  const take = (from: number, { priority, route }: Ask, heldMs = 0, count = 1): Use => {
    const by = logInstant(from + widthMs + heldMs + limits.arrivalMs, budget);
    budget.uses = withUse(budget.uses, { by, count, priority, route });
    if (priority === "interactive") {
      const recent = countUses(budget.uses.filter((use) => use.priority === priority));
      budget.interactivePeak = raised(budget.interactivePeak, recent, now);
    }
    return { by, count, priority, route };
  };

  let probed = false;
  for (const { ask, index } of inOrder) {
    if (gate.state === "closed") {
      decisions[index] = { kind: "refused", waitMs: gate.until - now };
      continue;
    }
    if (gate.state === "probing" || probed) {
      decisions[index] = postponed(ask, limits.probeAnswerMs);
      continue;
    }
    const { from, promised, crowded } = slotFor(ask.priority, budget, time, spanMs, limits);
    const waitMs = from - now;
    if (waitMs > 0 && (!promised || gate.state === "due")) decisions[index] = postponed(ask, waitMs);
    else if (waitMs > ask.maxWaitMs) decisions[index] = { kind: "refused", waitMs };
    else {
      const use = take(from, ask);
      if (crowded) budget.crowdedAt = now;
      const probe = gate.state === "due" && budget.gate !== undefined;
      if (probe) {
        budget.gate = withProbe(
          budget.gate ?? { until: now, penaltyMs: limits.defaultPenaltyMs },
          probeId,
          use.by,
        );
        probed = true;
      }
      decisions[index] = { kind: "granted", from, use, ...(probe && { probe: probeId }) };
    }
  }

  const [first] = inOrder;
  const extra = gate.state === "open" && decisions.every(isImmediate) ? spare(budget, now, limits) : 0;
  const count = Math.min(input.ahead, extra);
  if (first === undefined || count <= 0) return { budget, decisions };
  return { budget, decisions, ahead: take(now, first.ask, limits.holdMs, count) };

  function isImmediate(decision: Decision): boolean {
    return decision.kind === "granted" && decision.from <= now;
  }
}

const rank = (priority: Priority) => (priority === "interactive" ? 0 : 1);

function postponed({ maxWaitMs }: Ask, waitMs: number): Decision {
  return waitMs <= maxWaitMs ? { kind: "later", waitMs } : { kind: "refused", waitMs };
}

/** The earliest instant at which a call of this priority finds a slot; `promised`: it may be held for it till then. */
function slotFor(
  priority: Priority,
  budget: Budget,
  time: TimeBounds,
  spanMs: number,
  limits: RateLimitSettings,
): { from: number; promised: boolean; crowded: boolean } {
  const now = time.earliest;
  const { slots, until } = usableSlots(budget, now, limits);
  const mine = priority === "sync" ? slotsForSync(slots, budget, now, limits) : slots;
  // Nothing to be had before the picture changes.
  if (mine < 1) return { from: until ?? now + spanMs, promised: false, crowded: false };
  const last = nthLatest(budget.uses, mine);
  const freeFrom = last === undefined ? now : Math.max(now, last + spanMs);
  if (!budget.confirmed && freeFrom > now) {
    return { from: now + limits.probeAnswerMs / 4, promised: false, crowded: false };
  }
  const from = Math.max(freeFrom, pacedFrom(budget, time, slots, limits));
  return { from, promised: priority === "interactive", crowded: freeFrom > now };
}

/** What of the limit is the fleet's. */
export function usableSlots(
  budget: Budget,
  now: number,
  limits: RateLimitSettings,
): { slots: number; until?: number } {
  const { limit, windowMs, confirmed, outside } = budget;
  if (!confirmed) return { slots: Math.max(1, Math.floor(limit * limits.firstFlightShare)) };
  if (outside === undefined) return { slots: limit };
  if (currentOutsideUse(budget, now, limits.windowGuardMs) >= limit) {
    return { slots: 0, until: outside.at + windowMs + limits.windowGuardMs };
  }
  return { slots: Math.max(1, limit - leftToOthers(budget, now, limits.windowGuardMs)) };
}

/**
 * Sync leaves a reserve free, and to interactive calls as a whole what they lately used and a little more: a
 * reserve alone would be gone with their first few calls, and sync's slots come back no sooner than a window later.
 */
function slotsForSync(slots: number, budget: Budget, now: number, limits: RateLimitSettings): number {
  const { limit, uses } = budget;
  const reserve = reserveFor(limit, limits);
  if (!budget.confirmed) return Math.min(slots, limit - reserve);
  const interactive = Math.ceil(faded(budget.interactivePeak, now) * 1.25) + 1;
  const share = Math.max(1, limit - Math.max(reserve, interactive));
  const spent = countUses(uses.filter(({ priority }) => priority === "sync"));
  return spent < share ? slots - reserve : 0;
}

/** Calls sync must leave free: by default 3 of 10, 12 of 40, 15 of 50. */
export function reserveFor(limit: number, limits: RateLimitSettings): number {
  const share = Math.ceil(limit * limits.interactiveShare);
  return Math.min(limit - 1, Math.max(share, Math.min(limits.interactiveCalls, Math.floor(limit / 2))));
}

/**
 * While there is more demand than budget, permits are spaced out over the window. Otherwise all of them would go in
 * one burst, and then nobody would be served for a minute; and a 429 would find many requests under way.
 */
function pacedFrom(budget: Budget, time: TimeBounds, slots: number, limits: RateLimitSettings): number {
  const { crowdedAt, windowMs, uses } = budget;
  const last = uses.at(-1);
  const isCrowded = crowdedAt !== undefined && time.earliest - crowdedAt < 2 * windowMs;
  if (!isCrowded || last === undefined || countUses(uses) * 2 < slots) return time.earliest;
  const lastFrom = last.by - limits.arrivalMs - (time.latest - time.earliest);
  return lastFrom + limits.pace * (windowMs / slots);
}

/** Permits that may be taken ahead of demand: a quarter of what is free above half of the budget. */
function spare(budget: Budget, now: number, limits: RateLimitSettings): number {
  const { slots } = usableSlots(budget, now, limits);
  return Math.max(0, Math.floor((slots / 2 - countUses(budget.uses)) / 4));
}
