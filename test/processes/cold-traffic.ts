import { setTimeout as pause } from "node:timers/promises";
import { listForwardingNumbersRoute } from "../../lib/contract/forwarding-numbers.ts";
import { call, type Reply, type Traffic } from "./traffic.ts";
import type { World } from "./world.ts";

const LIST = "extensions/list-forwarding-numbers";
export const REQUESTS = 200;
/** Within a minute of a single log-in. */
export const TOKEN_CALLS = 2;

/** A caller repeats a request once that the service asks to repeat, as on a machine with a high load. */
async function read(world: World, traffic: Traffic, isCold: boolean): Promise<Reply> {
  const headers = world.random() < 0.5 ? { "cache-control": "no-cache" } : {};
  const token = world.random() < 0.5 ? world.issuer.tokens.user : world.issuer.tokens.otherUser;
  const send = async () => {
    const reply = await call(world, LIST, listForwardingNumbersRoute, { token, headers }, isCold);
    traffic.replies.push(reply);
    return reply;
  };
  const first = await send();
  if (first.code !== "storage_unavailable") return first;
  await pause(first.retryAfterMs ?? 1_000);
  return send();
}

/**
 * 200 requests at once, each the first of its process, of which as many start at a time as the fleet has. Then 200 at
 * once, which those processes serve that have started last.
 * @returns broken promises
 */
export async function readAtOnce(world: World, traffic: Traffic): Promise<string[]> {
  const all = Array.from({ length: REQUESTS }, (_, n) => n);
  const cold = await Promise.all(all.map(() => read(world, traffic, true)));
  const then = await Promise.all(all.map(() => read(world, traffic, false)));
  return [
    ...unserved("requests of new processes", cold),
    ...unserved("requests at once", then),
    ...(world.tokenCalls.length <= TOKEN_CALLS ? [] : [`${world.tokenCalls.length} log-ins`]),
  ];
}

/**
 * 200 requests at once to processes that have just started, while RingCentral's limits are a quarter of that.
 * @returns broken promises
 */
export async function readBeyondLimits(world: World, traffic: Traffic): Promise<string[]> {
  const all = Array.from({ length: REQUESTS }, (_, n) => n);
  const replies = await Promise.all(all.map(() => read(world, traffic, false)));
  const limited = world.twin.requests.filter(({ status }) => status === 429).length;
  // Two callers send them all: who has taken their share of the limits is told so.
  const isExpected = ({ status, code }: Reply) =>
    status === 200 || code === "upstream_rate_limited" || code === "rate_limited";
  const others = replies.filter((reply) => !isExpected(reply));
  return [
    ...(limited > 0 ? [`${limited} requests at once met a 429`] : []),
    ...(others.length > 0
      ? [`${others.length} requests got ${others.map(({ code }) => code).join(", ")}`]
      : []),
  ];
}

function unserved(what: string, replies: readonly Reply[]): string[] {
  const failed = replies.filter(({ status }) => status !== 200);
  if (failed.length === 0) return [];
  return [
    `${failed.length} ${what} were not served: ${[...new Set(failed.map(({ code }) => code))].join(", ")}`,
  ];
}
