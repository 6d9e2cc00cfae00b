import { percentile } from "../bench/figures.ts";
import type { LoggedRequest } from "../twin/twin.ts";
import type { Traffic } from "./traffic.ts";
import type { World } from "./world.ts";

/** RingCentral's limit of token calls in any minute. [docs: AUTH5] */
const TOKEN_CALLS_A_MINUTE = 5;
const MINUTE_MS = 60_000;
/** 429s after the first minute of a fault: more of them mean that the fleet keeps the penalty alive. */
const LATE_429S = 3;

/** A row of the table of faults and outcomes. */
export interface Verdict {
  calls: number;
  /** 2xx responses, in per cent. */
  served: number;
  /** Other responses by code, most frequent first. */
  others: string;
  p50: number;
  p99: number;
  /** Most token calls in any minute, and the number of them that RingCentral rejected. */
  tokenCalls: string;
  /** 429s of the API, and the number of them after the first minute of the fault. */
  rateLimited: string;
  writes: number;
  doubled: number;
  lost: number;
  /** 201 responses with another entry than requested. */
  wrong: number;
  /** Broken promises; a pass has none. */
  broken: string[];
}

/** @param faultFrom when the fault began, epoch milliseconds */
export function judge(world: World, { replies, intents }: Traffic, faultFrom: number): Verdict {
  const { requests } = world.twin;
  const tokenCalls = requests.filter(({ operation }) => operation === "token");
  const mostTokenCalls = mostInAMinute(tokenCalls.map(({ at }) => at));
  const api = requests.filter(({ operation }) => operation !== "token");
  const limited = api.filter(({ status }) => status === 429);
  const lateLimited = limited.filter(({ at }) => at > faultFrom + MINUTE_MS);
  const effects = (phoneNumber: string) => api.filter((request) => isAdded(request, phoneNumber)).length;
  const doubled = intents.filter(({ phoneNumber }) => effects(phoneNumber) > 1).length;
  const lost = intents.filter(({ added, phoneNumber }) => added && effects(phoneNumber) === 0).length;
  const wrong = intents.filter(({ added, phoneNumber, label }) => {
    return added && (added.phoneNumber !== phoneNumber || added.label !== label);
  }).length;
  const faults = replies.filter(({ code }) => code === "crash" || code === "internal").length;
  const isServed = ({ status }: { status: number }) => status >= 200 && status < 300;
  const times = replies.map(({ tookMs }) => tookMs);
  return {
    calls: replies.length,
    served: Math.round((100 * replies.filter(isServed).length) / Math.max(1, replies.length)),
    others: countByCode(replies.filter((reply) => !isServed(reply))),
    p50: times.length > 0 ? Math.round(percentile(times, 0.5)) : 0,
    p99: times.length > 0 ? Math.round(percentile(times, 0.99)) : 0,
    tokenCalls: `${mostTokenCalls} (${tokenCalls.filter(({ status }) => status === 429).length})`,
    rateLimited: `${limited.length} (${lateLimited.length})`,
    writes: intents.filter(({ added }) => added).length,
    doubled,
    lost,
    wrong,
    broken: [
      ...(mostTokenCalls > TOKEN_CALLS_A_MINUTE ? [`${mostTokenCalls} token calls in a minute`] : []),
      ...(lateLimited.length > LATE_429S ? [`${lateLimited.length} 429s after the first minute`] : []),
      ...(doubled > 0 ? [`${doubled} writes took effect twice`] : []),
      ...(lost > 0 ? [`${lost} acknowledged writes are not there`] : []),
      ...(wrong > 0 ? [`${wrong} writes returned another entry`] : []),
      ...(faults > 0 ? [`${faults} crashes or internal errors`] : []),
    ],
  };
}

function isAdded({ operation, status, body }: LoggedRequest, phoneNumber: string): boolean {
  if (operation !== "addForwardingNumber" || status === undefined || status >= 300) return false;
  return (
    typeof body === "object" && body !== null && "phoneNumber" in body && body.phoneNumber === phoneNumber
  );
}

function mostInAMinute(instants: readonly number[]): number {
  return Math.max(
    0,
    ...instants.map((from) => instants.filter((at) => at >= from && at < from + MINUTE_MS).length),
  );
}

function countByCode(replies: readonly { code: string }[]): string {
  const counts = new Map<string, number>();
  for (const { code } of replies) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([code, count]) => `${count} ${code}`)
    .join(", ");
}
