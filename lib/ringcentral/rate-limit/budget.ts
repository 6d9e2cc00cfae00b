import type { AdmissionRequest } from "../ports.ts";
import type { Gate } from "./gate.ts";
import type { Peak } from "./peak.ts";

export type Priority = AdmissionRequest["priority"];

/** Permits given out together. Instants are reference time. */
export interface Use {
  /** RingCentral has received the requests by then (or never will). */
  by: number;
  count: number;
  priority: Priority;
  route: string;
}

/** What the fleet knows about one budget of RingCentral's. */
export interface Budget {
  /** Requests in any window. */
  limit: number;
  windowMs: number;
  /** RingCentral has answered at least once since the record was made. */
  confirmed: boolean;
  /** Every use that may still count, by `by`, ascending. */
  uses: Use[];
  gate?: Gate;
  /** Closed by the account's wide gate, which has to be asked after this instant. */
  wideUntil?: number;
  /** Calls in the window that are not ours, as of `at`, and the most there were lately. */
  outside?: { count: number; at: number; peak: Peak };
  /** The most interactive calls there were lately in one window. */
  interactivePeak?: Peak;
  /** When a call last had to wait for a slot. */
  crowdedAt?: number;
  /** Operations documented in this group that RingCentral counts in another. */
  renamed?: Record<string, string>;
}

/** How many permits the log holds. */
export function countUses(uses: readonly Use[]): number {
  return uses.reduce((sum, { count }) => sum + count, 0);
}

/** `by` of the `n`-th latest permit, counting from 1. */
export function nthLatest(uses: readonly Use[], n: number): number | undefined {
  let left = n;
  for (let i = uses.length - 1; i >= 0; i--) {
    const use = uses[i];
    if (use === undefined) break;
    left -= use.count;
    if (left <= 0) return use.by;
  }
  return undefined;
}

export function withUse(uses: readonly Use[], added: Use): Use[] {
  const same = uses.findIndex((use) => isSame(use, added));
  if (same >= 0) return uses.map((use, i) => (i === same ? { ...use, count: use.count + added.count } : use));
  const at = uses.findLastIndex((use) => use.by <= added.by) + 1;
  return uses.toSpliced(at, 0, added);
}

/** Takes permits out of the log: they were not used. */
export function withoutUse(uses: readonly Use[], removed: Use): Use[] {
  return uses.flatMap((use) => {
    if (!isSame(use, removed)) return [use];
    const count = use.count - removed.count;
    return count > 0 ? [{ ...use, count }] : [];
  });
}

/** Without what RingCentral has surely forgotten. */
export function withoutOldUses(uses: readonly Use[], spanMs: number, now: number): Use[] {
  return uses.filter(({ by }) => by + spanMs > now);
}

/**
 * With large limits, permits are logged in steps, so that the record stays small; rounded up, hence safely.
 * @returns the instant under which a permit is logged
 */
export function logInstant(by: number, { limit, windowMs }: Pick<Budget, "limit" | "windowMs">): number {
  const stepMs = limit <= 120 ? 1 : Math.ceil(windowMs / 240);
  return Math.ceil(by / stepMs) * stepMs;
}

function isSame(one: Use, other: Use): boolean {
  return one.by === other.by && one.priority === other.priority && one.route === other.route;
}
