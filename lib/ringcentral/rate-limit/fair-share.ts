import { createHash } from "node:crypto";
import type { ShareUsed } from "../api/errors.ts";
import type { ShareHolder, Spender } from "../api/operation.ts";
import {
  type Call,
  countPermits,
  faded,
  groupIn,
  raised,
  spanOf,
  withEntry,
  withGroup,
} from "./account-limits.ts";
import type { AccountLimits, GroupLimit, LogEntry } from "./limits-record.ts";
import { settings } from "./settings.ts";

// Shares of callers and extensions: SPEC.md, "Shares". A tag names both in a log entry.

const CALLER_LENGTH = 3;
const EXTENSION_LENGTH = 2;
export const TAG_LENGTH = CALLER_LENGTH + EXTENSION_LENGTH;
/** No character of base64url. */
const NO_EXTENSION = "..";
export const NO_TAG = ".".repeat(TAG_LENGTH);

/** The caller's part is the beginning of its hash in the access log. */
export function tagOf({ caller, extension }: Spender): string {
  const hash = (text: string) => createHash("sha256").update(text).digest("base64url");
  const ofExtension = extension === undefined ? NO_EXTENSION : hash(extension).slice(0, EXTENSION_LENGTH);
  return caller.slice(0, CALLER_LENGTH).padEnd(CALLER_LENGTH, "_") + ofExtension;
}

export const callerIn = (tag: string) => tag.slice(0, CALLER_LENGTH);
const extensionIn = (tag: string) => tag.slice(CALLER_LENGTH);

/** A share that holds a call back. */
export interface HeldTo {
  of: ShareHolder;
  /** From 0 to 1: which part of the room for other callers the call must leave free. */
  level: number;
  /** Whether a log entry counts in the share. */
  isMine: (entry: LogEntry) => boolean;
  /** In shares of one caller. */
  weight: number;
}

type ShareCall = Pick<Call, "priority" | "spender" | "isDue">;

/** The calls that a caller may owe. */
function allowanceOf({ limit }: GroupLimit): number {
  return Math.max(1, Math.floor(limit * settings.allowance));
}

/** How long one call takes to be regained. */
function costMs(group: GroupLimit): number {
  return settings.regainMs / allowanceOf(group);
}

/** The shares that hold the call back; none for the service's own calls, and for a caller that owed nothing. */
export function sharesOf(
  limits: AccountLimits,
  { priority, spender, isDue = false }: ShareCall,
  group: GroupLimit,
  now: number,
): HeldTo[] {
  if (priority === "sync" || spender === undefined || isDue) return [];
  const [caller, extension] = [callerIn(spender), extensionIn(spender)];
  const isExtensions = ({ spender: tag }: LogEntry) => tag !== undefined && extensionIn(tag) === extension;
  const ofExtension = extension === NO_EXTENSION ? [] : group.log.filter(isExtensions);
  const isBusy = countOf(group, ofExtension) >= allowanceOf(group);
  const shares: HeldTo[] = [
    {
      of: "caller",
      level: levelOf(limits, caller, group, now),
      isMine: (entry) => isOf(entry, caller),
      weight: 1,
    },
    { of: "extension", level: isBusy ? 1 : 0, isMine: isExtensions, weight: settings.extensionShares },
  ];
  return shares.filter(({ level }) => level > 0);
}

/** By what the caller owed before its present visit. */
function levelOf(limits: AccountLimits, caller: string, group: GroupLimit, now: number): number {
  const owedMs = Math.max(0, (limits.owed?.[caller] ?? now) - now);
  const { isVisit, spentMs } = recentCalls(limits, caller, now);
  if (owedMs + chargeMs(limits, caller, group, now) > settings.regainMs) return 1;
  const visitMs = isVisit && spentMs > 0 ? settings.visitCostMs : 0;
  return Math.max(0, owedMs - visitMs) / settings.regainMs;
}

/**
 * What one more call costs the caller. An app sends several calls at once, so the first call of a visit pays for some
 * more.
 */
function chargeMs(limits: AccountLimits, caller: string, group: GroupLimit, now: number): number {
  const { isVisit, spentMs } = recentCalls(limits, caller, now);
  if (spentMs === 0) return settings.visitCostMs;
  return isVisit && spentMs < settings.visitCostMs ? 0 : costMs(group);
}

/** The caller's calls in the log. They are one visit if all are as recent as that. */
function recentCalls(limits: AccountLimits, caller: string, now: number) {
  let isVisit = true;
  let spentMs = 0;
  for (const group of Object.values(limits.groups)) {
    const mine = group.log.filter((entry) => isOf(entry, caller));
    isVisit &&= mine.every(({ by }) => by > now - settings.visitMs);
    spentMs += countOf(group, mine) * costMs(group);
  }
  return { isVisit, spentMs };
}

const isOf = ({ spender }: LogEntry, caller: string) => spender !== undefined && callerIn(spender) === caller;

/** How many permits each tagged one stands for. */
export function tagEvery({ limit }: GroupLimit): number {
  return Math.ceil(limit / settings.maxTagged);
}

function countOf(group: GroupLimit, log: readonly LogEntry[]): number {
  return countPermits(log) * tagEvery(group);
}

/**
 * When the share lets the call have a permit, if no other takes one meanwhile.
 * @param slots the fleet's part of the limit
 */
export function shareFreeFrom(group: GroupLimit, held: HeldTo, slots: number, now: number): number {
  const { log } = group;
  const expected = Math.ceil(settings.freshPeaks * faded(group.freshPeak, now)) + 1;
  const least = roomForFresh(slots);
  let used = countPermits(log);
  let fresh = countPermits(log.filter(isFresh));
  let mine = countOf(group, log.filter(held.isMine));
  const allows = () => {
    const room = Math.max(least, expected - fresh);
    return mine < settings.shareOfFree * held.weight * (slots - Math.ceil(held.level ** 2 * room) - used);
  };
  if (allows()) return now;
  for (const entry of log) {
    used -= entry.count;
    if (isFresh(entry)) fresh -= entry.count;
    if (held.isMine(entry)) mine -= entry.count * tagEvery(group);
    if (allows()) return entry.by + spanOf(group);
  }
  return now + spanOf(group);
}

/** The least room that a caller who owes all leaves for others. */
function roomForFresh(slots: number): number {
  return Math.min(slots - 1, Math.ceil(slots * settings.freshShare));
}

/** Of a caller that owed little, or of none. */
export const isFresh = ({ priority, isOwing }: LogEntry) => priority === "interactive" && !isOwing;

/** The share as it is told to the caller. */
export function describeShare(name: string, group: GroupLimit, held: HeldTo, slots: number): ShareUsed {
  const part = settings.shareOfFree * held.weight;
  const limit = Math.max(1, Math.ceil(((slots - roomForFresh(slots)) * part) / (part + 1)));
  return { of: held.of, group: name, limit, windowSeconds: Math.round(group.windowMs / 1000) };
}

/** The recent peak of the calls of callers that owed little, raised by those in the log. */
export function freshPeakOf({ log, freshPeak }: GroupLimit, now: number) {
  return raised(freshPeak, countPermits(log.filter(isFresh)), now);
}

/** The limits after a call, which the caller is charged unless the budget is hardly used. */
export function chargedToCaller(
  limits: AccountLimits,
  { priority, spender }: ShareCall,
  group: GroupLimit,
  now: number,
): AccountLimits {
  const isCharged = countPermits(group.log) >= settings.chargedFrom * group.limit;
  if (priority === "sync" || spender === undefined || !isCharged) return limits;
  const caller = callerIn(spender);
  const until = Math.max(now, limits.owed?.[caller] ?? 0) + chargeMs(limits, caller, group, now);
  const owed = { ...limits.owed, [caller]: Math.min(until, now + settings.regainMs) };
  const most = Object.entries(owed)
    .filter(([, at]) => at > now)
    .sort(([, one], [, other]) => other - one)
    .slice(0, settings.maxOwing);
  return { ...limits, owed: Object.fromEntries(most) };
}

/** The limits after a call has used a permit that its process had prefetched. */
export function countedInShare(
  limits: AccountLimits,
  call: Call,
  entry: LogEntry,
  now: number,
): AccountLimits {
  const { spender } = call;
  const group = groupIn(limits, call.group);
  const charged = chargedToCaller(limits, call, group, now);
  const isLogged = ({ by, priority, route, spender: tag }: LogEntry) =>
    tag === undefined && by === entry.by && priority === entry.priority && route === entry.route;
  const index = group.log.findIndex(isLogged);
  const logged = group.log[index];
  if (logged === undefined || spender === undefined || tagEvery(group) > 1) return charged;
  const rest = logged.count > 1 ? [{ ...logged, count: logged.count - 1 }] : [];
  const log = withEntry(group.log.toSpliced(index, 1, ...rest), { ...logged, count: 1, spender });
  return withGroup(charged, call.group, { ...group, log });
}

/** The callers that spent most in the window. */
export function topSpenders(group: GroupLimit, log: readonly LogEntry[]) {
  const callers = new Set(log.flatMap(({ spender }) => (spender === undefined ? [] : [callerIn(spender)])));
  return [...callers]
    .map((caller) => ({
      caller,
      calls: countOf(
        group,
        log.filter((entry) => isOf(entry, caller)),
      ),
    }))
    .sort((one, other) => other.calls - one.calls)
    .slice(0, settings.topSpenders);
}
