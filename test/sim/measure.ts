import type { CallGroup, Outcome } from "./member.ts";
import { CALL_GROUPS, type Run } from "./scenarios.ts";
import { type Arrival, LIMITS } from "./upstream.ts";

/** The measures of one run. Shares are fractions of 1. */
export interface Measures {
  tokenCalls: number;
  groups: Record<CallGroup, GroupMeasures>;
  /** Calls that RingCentral accepted, as a share of its limits (the fleet's calls, after two minutes). */
  goodput: number;
  /** Share of the calls made. */
  rejected: number;
  limited: number;
  failed: number;
  interactive: PriorityMeasures;
  sync: PriorityMeasures;
  readsPerCall: number;
  writesPerCall: number;
  lostRacesPerWrite: number;
}

export interface GroupMeasures {
  goodput: number;
  episodes: number;
  /** The most 429s that the fleet got in one episode from requests that left when it could have known. */
  most429PerEpisode: number;
  total429: number;
  /** 429s of requests in flight at the first response, or sent within the staleness bound. */
  inFlight429: number;
  /** Requests of the fleet that hit a penalty and left when it could have known. */
  extensions: number;
  /** The most calls accepted within any 60 s. */
  fullestWindow: number;
  interactiveCalls: number;
  interactiveP99Ms: number;
}

export interface PriorityMeasures {
  calls: number;
  served: number;
  p50Ms: number;
  p99Ms: number;
  rejected: number;
}

/** Time for which a permit granted before a pause elsewhere may still be used. */
export const STALENESS_MS = 2_000;
const WARM_UP_MS = 120_000;
const WINDOW_MS = 60_000;

export function measure({ outcomes, upstream, startedAt, endedAt, around }: Run): Measures {
  const groups = Object.fromEntries(
    CALL_GROUPS.map((group) => [
      group,
      measureGroup(
        upstream.arrivals.filter((arrival) => arrival.group === group),
        outcomes.filter((outcome) => outcome.group === group),
        group,
        startedAt,
        endedAt,
      ),
    ]),
  ) as Record<CallGroup, GroupMeasures>;
  const share = (result: Outcome["result"]) =>
    outcomes.filter((outcome) => outcome.result === result).length / Math.max(1, outcomes.length);
  const { reads, writes, lostRaces } = around.storage;
  return {
    tokenCalls: upstream.arrivals.filter(({ group }) => group === "auth").length,
    groups,
    goodput: Math.min(...CALL_GROUPS.map((group) => groups[group].goodput)),
    rejected: share("rejected"),
    limited: share("limited"),
    failed: share("failed"),
    interactive: measurePriority(outcomes.filter(({ priority }) => priority === "interactive")),
    sync: measurePriority(outcomes.filter(({ priority }) => priority === "sync")),
    readsPerCall: reads / Math.max(1, outcomes.length),
    writesPerCall: writes / Math.max(1, outcomes.length),
    lostRacesPerWrite: lostRaces / Math.max(1, writes),
  };
}

function measureGroup(
  arrivals: Arrival[],
  outcomes: Outcome[],
  group: CallGroup,
  startedAt: number,
  endedAt: number,
): GroupMeasures {
  const warm = startedAt + WARM_UP_MS < endedAt ? startedAt + WARM_UP_MS : startedAt;
  const fleet = arrivals.filter(({ from }) => from === "fleet");
  const served = fleet.filter(({ allowed, at }) => allowed && at >= warm && at < endedAt).length;
  const episodes = episodesOf(fleet.filter(({ allowed }) => !allowed));
  const known = (episode: Arrival[]) => {
    const firstKnownAt = Math.min(...episode.map(({ respondedAt }) => respondedAt));
    return episode.filter(({ leftAt }) => leftAt > firstKnownAt + STALENESS_MS).length;
  };
  const interactive = waits(outcomes.filter(({ priority }) => priority === "interactive"));
  const total429 = episodes.flat().length;
  const late = episodes.map(known);
  return {
    goodput: served / ((LIMITS[group] * (endedAt - warm)) / 60_000),
    episodes: episodes.length,
    most429PerEpisode: Math.max(0, ...late.map((count) => 1 + count)),
    total429,
    inFlight429: total429 - episodes.length - late.reduce((sum, count) => sum + count, 0),
    extensions: late.reduce((sum, count) => sum + count, 0),
    fullestWindow: fullestWindow(arrivals.filter(({ allowed }) => allowed)),
    interactiveCalls: interactive.length,
    interactiveP99Ms: percentile(interactive, 0.99),
  };
}

/** Groups of 429s, each within a minute of the one before. */
function episodesOf(rejected: Arrival[]): Arrival[][] {
  const episodes: Arrival[][] = [];
  for (const arrival of rejected) {
    const last = episodes.at(-1);
    if (last && arrival.at - (last.at(-1)?.at ?? 0) < WINDOW_MS) last.push(arrival);
    else episodes.push([arrival]);
  }
  return episodes;
}

function fullestWindow(arrivals: Arrival[]): number {
  let first = 0;
  let most = 0;
  for (const [last, { at }] of arrivals.entries()) {
    while ((arrivals[first]?.at ?? at) <= at - WINDOW_MS) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

function measurePriority(outcomes: Outcome[]): PriorityMeasures {
  const served = waits(outcomes);
  const rejected = outcomes.filter(({ result }) => result !== "served").length;
  return {
    calls: outcomes.length,
    served: served.length,
    p50Ms: percentile(served, 0.5),
    p99Ms: percentile(served, 0.99),
    rejected: rejected / Math.max(1, outcomes.length),
  };
}

const waits = (outcomes: Outcome[]) =>
  outcomes.filter(({ result }) => result === "served").map(({ waitMs }) => waitMs);

function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
