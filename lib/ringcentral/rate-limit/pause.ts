import type { GrantedPermit } from "./account-limits.ts";
import { ACCOUNT, type AccountLimits, type Pause } from "./limits-record.ts";
import { settings } from "./settings.ts";

/**
 * A pause of the whole fleet after a 429: every request during the penalty restarts it [docs: RATE]. When the pause
 * is over, one process sends a probe, and only the probe's response resumes the calls. A probe without a response
 * counts as one that restarted the penalty. SPEC.md has the transition table.
 */
export type PauseState =
  | { state: "none" }
  | { state: "paused"; until: number }
  /** A probe is in flight; without its response the next one may go at `until`. */
  | { state: "probing"; until: number }
  /** The next request is the probe. */
  | { state: "probe_due" };

/** @param now fleet time at its earliest: a pause ends late rather than early */
export function pauseState(pause: Pause | undefined, now: number): PauseState {
  if (pause === undefined) return { state: "none" };
  if (now < pause.until) return { state: "paused", until: pause.until };
  if (pause.probe === undefined) return { state: "probe_due" };
  const until = pause.probe.by + pause.penaltyMs;
  return now < until ? { state: "probing", until } : { state: "probe_due" };
}

const MAX_DOUBLINGS = 3;

/**
 * The pause after a 429 whose response came at `respondedAt` at the latest. It never becomes shorter: the 429s of one
 * episode may come in any order. An in-flight probe is ignored from then on.
 *
 * A probe that fails after the whole wait met a penalty that another client restarted. Two clients that wait equally
 * long would restart each other's penalty again and again, so the wait doubles, up to eight times or ten minutes.
 * @param probe the name of the request that got the 429, if it was a probe
 */
export function afterRejection(
  pause: Pause | undefined,
  { respondedAt, penaltyMs, probe }: { respondedAt: number; penaltyMs: number; probe?: string | undefined },
): Pause {
  const hasFailed = probe !== undefined && pause?.probe?.id === probe;
  const failures = (pause?.failures ?? 0) + (hasFailed ? 1 : 0);
  const factor = hasFailed ? 2 ** Math.min(failures, MAX_DOUBLINGS) : 1;
  const waitMs = Math.min(penaltyMs * factor, settings.maxPauseMs);
  const until = Math.max(respondedAt + waitMs + settings.pauseGuardMs, pause?.until ?? 0);
  return { until, penaltyMs, ...(failures > 0 && { failures }) };
}

/** The pause once the probe `id` is sent, if one is due. */
export function withProbe(pause: Pause | undefined, id: string, by: number, now: number): Pause | undefined {
  const isDue = pause !== undefined && pauseState(pause, now).state === "probe_due";
  return isDue ? { ...pause, probe: { id, by } } : pause;
}

/** The pause after the probe `id` was accepted; unchanged when a later 429 has paused again. */
export function afterProbe(pause: Pause | undefined, id: string | undefined): Pause | undefined {
  return id !== undefined && pause?.probe?.id === id ? undefined : pause;
}

/** The pause after the probe `id` was not sent: the next request may be the probe. */
export function withoutProbe(pause: Pause | undefined, id: string | undefined): Pause | undefined {
  if (id === undefined || pause?.probe?.id !== id) return pause;
  const { probe: _, ...rest } = pause;
  return rest;
}

/** The pause that holds back a group's calls: its own or the account's, whichever ends later. */
export function pauseOf({ pauses }: AccountLimits, group: string, now: number): PauseState {
  const states = [ACCOUNT, group].map((name) => pauseState(pauses[name], now));
  const paused = states.filter((one) => one.state === "paused").sort((a, b) => b.until - a.until);
  const find = (state: PauseState["state"]) => states.find((one) => one.state === state);
  return paused[0] ?? find("probing") ?? find("probe_due") ?? { state: "none" };
}

/** Changes the two pauses that hold back a group's calls. */
export function withPauses(
  limits: AccountLimits,
  group: string,
  change: (pause: Pause | undefined, name: string) => Pause | undefined,
): AccountLimits {
  let { pauses } = limits;
  for (const name of [group, ACCOUNT]) {
    const { [name]: before, ...others } = pauses;
    const pause = change(before, name);
    if (pause !== before) pauses = pause ? { ...others, [name]: pause } : others;
  }
  return pauses === limits.pauses ? limits : { ...limits, pauses };
}

/** The limits after a request that was not sent, if it was to be a probe. */
export function withoutProbes(
  limits: AccountLimits,
  { call, probe }: Pick<GrantedPermit, "call" | "probe">,
): AccountLimits {
  return withPauses(limits, call.group, (pause) => withoutProbe(pause, probe));
}
