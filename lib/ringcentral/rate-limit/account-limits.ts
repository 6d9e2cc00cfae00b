import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { ClockBounds } from "./clock-bounds.ts";
import type { AccountLimits, GroupLimit, LogEntry, Peak } from "./limits-record.ts";
import type { Priority } from "./ports.ts";
import { settings } from "./settings.ts";

/** Requests per window, until RingCentral's headers say otherwise. [docs: RATE] */
export const DOCUMENTED_LIMITS: Readonly<Record<string, number>> = { light: 50, medium: 40, heavy: 10 };

/** A call to RingCentral, as the budgets see it. */
export interface Call {
  /** Where RingCentral counts the operation, as far as known. */
  group: string;
  /** The group the operation is documented in. */
  documented: string;
  operation: string;
  priority: Priority;
  route: string;
  /** Whose share it counts in: the tag of fair-share.ts. */
  spender?: string;
  /** It completes a write. */
  isDue?: boolean;
}

/** The right to send one request, and what its response is compared with. */
export interface GrantedPermit {
  call: Call;
  /** Its entry in the record; absent when the fallback limiter granted it. */
  entry?: LogEntry;
  /** The name of the probe, if the request is one. */
  probe?: string;
  grantedAt: ClockBounds;
}

/** The group as the record has it, or with its documented limit, unconfirmed. */
export function groupIn({ groups }: AccountLimits, name: string): GroupLimit {
  const limit = DOCUMENTED_LIMITS[name] ?? settings.unknownBudget;
  return groups[name] ?? { limit, windowMs: settings.windowMs, confirmed: false, log: [] };
}

export function withGroup(limits: AccountLimits, name: string, group: GroupLimit): AccountLimits {
  return { ...limits, groups: { ...limits.groups, [name]: group } };
}

/** Counts one request that has no entry in this group's log, or that may have arrived after its entry. */
export function charged(limits: AccountLimits, name: string, kind: EntryKind, by: number): AccountLimits {
  const group = groupIn(limits, name);
  const added = { ...kind, by: logInstant(by, group), count: 1 };
  return withGroup(limits, name, { ...group, log: withEntry(group.log, added) });
}

type EntryKind = Omit<LogEntry, "by" | "count">;

/** What the entry of a permit says besides its time; made once, because an outage applies it many times. */
export function entryKind({ call, entry }: Pick<GrantedPermit, "call" | "entry">): EntryKind {
  const { priority, route, spender, isOwing }: EntryKind = entry ?? call;
  return omitUndefined({ priority, route, spender, isOwing });
}

/** From the latest arrival of a request, how long it may count. */
export function spanOf({ windowMs }: GroupLimit): number {
  return windowMs + settings.windowGuardMs;
}

/** Without the entries that RingCentral's window has passed. */
export function currentLog(group: GroupLimit, now: number): LogEntry[] {
  return group.log.filter(({ by }) => by + spanOf(group) > now);
}

export function countPermits(log: readonly LogEntry[]): number {
  return log.reduce((sum, { count }) => sum + count, 0);
}

/** `by` of the `n`-th latest permit, counting from 1. */
export function nthLatest(log: readonly LogEntry[], n: number): number | undefined {
  let left = n;
  const isNth = ({ count }: LogEntry) => {
    left -= count;
    return left <= 0;
  };
  return log.findLast(isNth)?.by;
}

/** The log stays sorted by `by`. */
export function withEntry(log: readonly LogEntry[], added: LogEntry): LogEntry[] {
  const same = log.findIndex((one) => one.by === added.by && isAlike(one, added));
  if (same >= 0) return log.map((one, i) => (i === same ? { ...one, count: one.count + added.count } : one));
  const at = log.findLastIndex(({ by }) => by <= added.by) + 1;
  return log.toSpliced(at, 0, added);
}

function isAlike(one: LogEntry, other: LogEntry): boolean {
  return (
    one.priority === other.priority &&
    one.route === other.route &&
    one.spender === other.spender &&
    one.isOwing === other.isOwing
  );
}

/**
 * The instant under which a permit is logged. Large limits are logged in steps, so that the record stays small;
 * rounding up is safe.
 */
export function logInstant(by: number, { limit, windowMs }: GroupLimit): number {
  const stepMs = limit <= 120 ? 1 : Math.ceil(windowMs / 240);
  return Math.ceil(by / stepMs) * stepMs;
}

/** External calls in the present window; a reading says nothing about a window that began after it. */
export function externalCalls(group: GroupLimit, now: number): number {
  const { external } = group;
  return external === undefined || now >= external.at + spanOf(group) ? 0 : external.count;
}

/** Long enough to outlast a pause, short enough to forget a single burst within minutes. */
const HALF_LIFE_MS = 300_000;

export function faded(peak: Peak | undefined, now: number): number {
  return peak === undefined ? 0 : peak.count * 0.5 ** (Math.max(0, now - peak.at) / HALF_LIFE_MS);
}

export function raised(peak: Peak | undefined, count: number, now: number): Peak {
  return peak !== undefined && faded(peak, now) > count ? peak : { count, at: now };
}
