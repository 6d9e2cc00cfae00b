import { LATE_EFFECT_MS } from "../../lib/ringcentral/api/late-effect.ts";
import { percentile } from "../bench/measurements.ts";
import type { LoggedRequest } from "../twin/twin.ts";
import { judgeAudit } from "./audit.ts";
import type { Fault } from "./fault-proxy.ts";
import type { Traffic } from "./traffic.ts";
import type { Dependency, Send, World } from "./world.ts";

/** The most token calls that the fleet makes in any minute: invariant I2 of the shared token. */
export const TOKEN_CALLS_A_MINUTE = 4;
const MINUTE_MS = 60_000;
/** 429s after the first minute of a fault: more of them mean that the fleet keeps the penalty alive. */
export const LATE_429S = 3;

/** A row of the table of faults and outcomes. */
export interface Row {
  processes: number;
  /** Requests that a fault affected, and processes killed and stopped. */
  faults: number;
  calls: number;
  /** 2xx responses, in per cent. */
  served: number;
  p50: number;
  p99: number;
  /** Most token calls in any minute, and the number of them that RingCentral rejected. */
  tokenCalls: string;
  /** 429s of the API, and the number of them after the first minute of the fault. */
  rateLimited: string;
  writes: number;
  /** Numbers whose POST was sent a second time. */
  sentAgain: number;
  doubled: number;
  lost: number;
  /** 201 responses with another entry than requested. */
  wrong: number;
  /** Acknowledged keys that were sent again and got a response. */
  repeated: number;
}

export interface Verdict {
  row: Row;
  /** Other responses than 2xx by code, most frequent first. */
  others: string;
  struck: Record<Dependency, Readonly<Record<Fault["kind"], number>>>;
  disturbances: World["disturbances"];
  /** Broken promises; a pass has none. */
  broken: string[];
}

export interface Expectations {
  /** When the fault began, epoch milliseconds. */
  faultFrom: number;
  /** A fault is part of the scenario. */
  hasFault: boolean;
  /** Problem codes that would name the wrong cause. */
  lies: readonly string[];
  /** Most time of a `storage_unavailable`. */
  storageProblemMs: number;
  /** The most token calls in any minute. */
  tokenCallsAMinute: number;
  /** Access tokens end before their time. */
  doTokensEnd: boolean;
}

export function judge(world: World, { replies, intents }: Traffic, expected: Expectations): Verdict {
  const { requests } = world.twin;
  const tokenCalls = requests.filter(({ operation }) => operation === "token");
  const mostTokenCalls = mostInAMinute(tokenCalls.map(({ at }) => at));
  const api = requests.filter(({ operation }) => operation !== "token");
  const unauthorized = api.filter(({ status }) => status === 401).length;
  const limited = api.filter(({ status }) => status === 429);
  const lateLimited = limited.filter(({ at }) => at > expected.faultFrom + MINUTE_MS);
  const effects = (phoneNumber: string) => api.filter((request) => isAdded(request, phoneNumber)).length;
  const doubled = intents.filter(({ phoneNumber }) => effects(phoneNumber) > 1).length;
  const lost = intents.filter(({ added, phoneNumber }) => added && effects(phoneNumber) === 0).length;
  const wrong = intents.filter(({ added, phoneNumber, label }) => {
    return added && (added.phoneNumber !== phoneNumber || added.label !== label);
  }).length;
  const changed = intents.filter(({ isOther }) => isOther).length;
  const crashes = replies.filter(({ code }) => code === "crash" || code === "internal").length;
  const slow = replies.filter(
    ({ code, tookMs }) => code === "storage_unavailable" && tookMs > expected.storageProblemMs,
  );
  const lies = replies.filter(({ code }) => expected.lies.includes(code)).length;
  const early = sentTooEarly(world.sends);
  const isServed = ({ status }: { status: number }) => status >= 200 && status < 300;
  const acknowledged = replies.filter(({ status }) => status === 201 || status === 204).length;
  const times = replies.map(({ tookMs }) => tookMs);
  const struck = struckBy(world);
  const faults = faultsOf(world);
  return {
    row: {
      processes: world.instances.length,
      faults,
      calls: replies.length,
      served: Math.round((100 * replies.filter(isServed).length) / Math.max(1, replies.length)),
      p50: times.length > 0 ? Math.round(percentile(times, 0.5)) : 0,
      p99: times.length > 0 ? Math.round(percentile(times, 0.99)) : 0,
      tokenCalls: `${mostTokenCalls} (${tokenCalls.filter(({ status }) => status === 429).length})`,
      rateLimited: `${limited.length} (${lateLimited.length})`,
      writes: intents.length > 0 ? intents.filter(({ added }) => added).length : acknowledged,
      sentAgain: sendsByNumber(world.sends).filter((sends) => sends.length > 1).length,
      doubled,
      lost,
      wrong,
      repeated: intents.filter(({ repeated }) => repeated !== undefined).length,
    },
    others: countByCode(replies.filter((reply) => !isServed(reply))),
    struck,
    disturbances: world.disturbances,
    broken: [
      ...(mostTokenCalls > expected.tokenCallsAMinute ? [`${mostTokenCalls} token calls in a minute`] : []),
      ...(unauthorized > 0 && !expected.doTokensEnd
        ? [`${unauthorized} calls with a token that RingCentral has ended`]
        : []),
      ...(lateLimited.length > LATE_429S ? [`${lateLimited.length} 429s after the first minute`] : []),
      ...(doubled > 0 ? [`${doubled} writes took effect twice`] : []),
      ...(early > 0 ? [`${early} writes were sent again while the first could take effect`] : []),
      ...(lost > 0 ? [`${lost} acknowledged writes are not there`] : []),
      ...(wrong > 0 ? [`${wrong} writes returned another entry`] : []),
      ...(changed > 0 ? [`${changed} keys got another response than the first`] : []),
      ...judgeAudit(world.audit, replies, world.sends.length),
      ...(crashes > 0 ? [`${crashes} crashes or internal errors`] : []),
      ...(slow.length > 0
        ? [
            `${slow.length} storage_unavailable took longer than ${expected.storageProblemMs} ms ` +
              `(${Math.max(...slow.map(({ tookMs }) => tookMs))} ms)`,
          ]
        : []),
      ...(lies > 0 ? [`${lies} problems blame the wrong party`] : []),
      ...(expected.hasFault && faults === 0 ? ["the fault has touched nothing"] : []),
    ],
  };
}

/** Requests that a fault affected, and processes killed and stopped. */
export function faultsOf(world: World): number {
  const { kills, freezes } = world.disturbances;
  return sum(Object.values(struckBy(world)).flatMap((kinds) => Object.values(kinds))) + kills + freezes;
}

function isAdded({ operation, status, body }: LoggedRequest, phoneNumber: string): boolean {
  if (operation !== "addForwardingNumber" || status === undefined || status >= 300) return false;
  return (
    typeof body === "object" && body !== null && "phoneNumber" in body && body.phoneNumber === phoneNumber
  );
}

/**
 * Numbers that were sent again within the time in which RingCentral may complete the POST before. A 4xx says that it
 * will not.
 */
function sentTooEarly(sends: readonly Send[]): number {
  const isRejected = ({ status = 0 }: Send) => status >= 400 && status < 500 && status !== 408;
  return sendsByNumber(sends).filter((own) =>
    own.some((send, index) => {
      const next = own[index + 1];
      return next !== undefined && !isRejected(send) && next.at - send.at < LATE_EFFECT_MS;
    }),
  ).length;
}

const sendsByNumber = (sends: readonly Send[]) => [
  ...Map.groupBy(sends, ({ phoneNumber }) => phoneNumber).values(),
];

function struckBy({ proxies }: World): Verdict["struck"] {
  const { ringcentral, table, secrets, issuer, queue, bus, audit } = proxies;
  return {
    ringcentral: ringcentral.struck,
    table: table.struck,
    secrets: secrets.struck,
    issuer: issuer.struck,
    queue: queue.struck,
    bus: bus.struck,
    audit: audit.struck,
  };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function mostInAMinute(instants: readonly number[]): number {
  return Math.max(
    0,
    ...instants.map((from) => instants.filter((at) => at >= from && at < from + MINUTE_MS).length),
  );
}

function countByCode(replies: readonly { code: string }[]): string {
  return [...Map.groupBy(replies, ({ code }) => code)]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([code, { length }]) => `${length} ${code}`)
    .join(", ");
}
