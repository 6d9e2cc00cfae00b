import { percentile } from "../bench/measurements.ts";
import type { Goal } from "./goals.ts";
import type { Morning, MorningRun } from "./morning-run.ts";

const MINUTE = 60_000;
/** A screen that takes longer is not there at once. */
const AT_ONCE_MS = 2_000;

export interface MorningMeasures {
  morning: Morning;
  name: string;
  /** Shares of all users. */
  atOnce: number;
  served: number;
  refusedFirst: number;
  /** From opening the app to the complete overview; infinite for users who gave up. */
  waits: number[];
  p50: number;
  p99: number;
  last: number;
  /** The `Retry-After` of the first refusal. */
  toldP50: number | undefined;
  tokenCalls: number;
  tokenCallsAMinute: number;
  /** 429s of all of RingCentral's limits. */
  rejected: number;
}

export function measureMorning({ morning, visits, tokenCalls, rejected }: MorningRun): MorningMeasures {
  const waits = visits.map(({ openedAt, servedAt = Number.POSITIVE_INFINITY }) => servedAt - openedAt);
  const told = visits.flatMap(({ retryAfterMs = [] }) => retryAfterMs);
  const shareOf = (count: number) => count / visits.length;
  const within = (ms: number) => shareOf(waits.filter((wait) => wait <= ms).length);
  return {
    morning,
    name: morning.name,
    atOnce: within(AT_ONCE_MS),
    served: shareOf(waits.filter(Number.isFinite).length),
    refusedFirst: shareOf(told.length),
    waits,
    p50: percentile(waits, 0.5),
    p99: percentile(waits, 0.99),
    last: Math.max(...waits),
    toldP50: told.length === 0 ? undefined : percentile(told, 0.5),
    tokenCalls: tokenCalls.length,
    tokenCallsAMinute: mostInAMinute(tokenCalls.map(({ at }) => at)),
    rejected: rejected + tokenCalls.filter(({ accepted }) => !accepted).length,
  };
}

export function goalsOfMorning(measures: MorningMeasures): Goal[] {
  const { name, morning, atOnce, rejected } = measures;
  const atOnceGoal: Goal = {
    name: `${name}: at least 99 % within 2 s`,
    isMet: atOnce >= 0.99,
    found: `${(100 * atOnce).toFixed(1)} %`,
  };
  const within: Goal = { name: `${name}: no 429`, isMet: rejected === 0, found: String(rejected) };
  return morning.isGoal ? [atOnceGoal, within] : [within];
}

function mostInAMinute(times: readonly number[]): number {
  const counts = times.map((at) => times.filter((other) => other > at - MINUTE && other <= at).length);
  return Math.max(0, ...counts);
}
