import { omitUndefined } from "../../platform/omit-undefined.ts";
import { afterProbe, type Pause, type PauseState, pauseState, withoutProbe } from "./pause.ts";
import type { Peak } from "./peak.ts";
import { type GrantedPermit, type LogEntry, logInstant, withEntry } from "./permit-log.ts";
import type { RateLimitSettings } from "./settings.ts";

/** Calls in RingCentral's window that the fleet did not make. All clients of a user and app share it. [docs: RATE] */
export interface ExternalUsage {
  count: number;
  /** Fleet time of the response that told. */
  at: number;
  peak: Peak;
}

/** What the fleet knows about one budget. */
export interface GroupLimit {
  /** Requests in any window. */
  limit: number;
  windowMs: number;
  /** RingCentral has responded at least once since the record was made. */
  confirmed: boolean;
  /** Every permit that may still count, by `by`, ascending. */
  log: LogEntry[];
  pause?: Pause;
  external?: ExternalUsage;
  /** Interactive calls in one window. */
  interactivePeak?: Peak;
  /** When a call last had to wait for a slot. */
  crowdedAt?: number;
}

/** What the fleet knows about one RingCentral account. It is one record of the table. */
export interface AccountLimits {
  groups: Readonly<Record<string, GroupLimit>>;
  /** The account-wide pause after a 429 without rate headers: a limit wider than a group's. [docs: RATE] */
  pause?: Pause;
  /** Until then RingCentral's window may hold calls that the fleet made without the table. */
  unloggedUntil?: number;
  /** Group by operation, where RingCentral counts it in another group than documented. */
  countedIn?: Readonly<Record<string, string>>;
}

/** The group as it is known, or with its documented limit, unconfirmed. */
export function groupIn({ groups }: AccountLimits, name: string, settings: RateLimitSettings): GroupLimit {
  const limit = settings.budgets[name] ?? settings.unknownBudget;
  return groups[name] ?? { limit, windowMs: settings.windowMs, confirmed: false, log: [] };
}

export function withGroup(limits: AccountLimits, name: string, group: GroupLimit): AccountLimits {
  return { ...limits, groups: { ...limits.groups, [name]: group } };
}

export function withPause(limits: AccountLimits, pause: Pause | undefined): AccountLimits {
  return pause === limits.pause ? limits : omitUndefined({ ...limits, pause });
}

export function withGroupPause(group: GroupLimit, pause: Pause | undefined): GroupLimit {
  return pause === group.pause ? group : omitUndefined({ ...group, pause });
}

/** The pause that holds back a group's calls: its own or the account's, whichever ends later. */
export function pauseOf(limits: AccountLimits, name: string, now: number): PauseState {
  const states = [pauseState(limits.pause, now), pauseState(limits.groups[name]?.pause, now)];
  const paused = states.filter((one) => one.state === "paused").sort((a, b) => b.until - a.until);
  const find = (state: PauseState["state"]) => states.find((one) => one.state === state);
  return paused[0] ?? find("probing") ?? find("probe_due") ?? { state: "none" };
}

/** Counts one request that has no entry in this group's log, or that may have arrived after its entry. */
export function charged(
  limits: AccountLimits,
  name: string,
  { priority, route }: Pick<GrantedPermit, "priority" | "route">,
  by: number,
  settings: RateLimitSettings,
): AccountLimits {
  const group = groupIn(limits, name, settings);
  const entry = { by: logInstant(by, group), count: 1, priority, route };
  return withGroup(limits, name, { ...group, log: withEntry(group.log, entry) });
}

/** The limits after a probe that was not sent, or whose response says nothing about this group. */
export function withoutGroupProbe(limits: AccountLimits, name: string, probe: string): AccountLimits {
  const group = limits.groups[name];
  return group ? withGroup(limits, name, withGroupPause(group, withoutProbe(group.pause, probe))) : limits;
}

export function withoutAnyProbe(limits: AccountLimits, name: string, probe: string): AccountLimits {
  const next = withoutGroupProbe(limits, name, probe);
  return withPause(next, withoutProbe(next.pause, probe));
}

export function afterAccountProbe(limits: AccountLimits, probe: string | undefined): AccountLimits {
  return probe === undefined ? limits : withPause(limits, afterProbe(limits.pause, probe));
}
