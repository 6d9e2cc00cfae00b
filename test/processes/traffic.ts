import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod/mini";
import {
  addForwardingNumberRoute,
  listForwardingNumbersRoute,
} from "../../lib/contract/forwarding-numbers.ts";
import type { Route } from "../../lib/contract/route.ts";
import { apiGatewayEvent, type TestRequest } from "../support/api-gateway.ts";
import { SEED } from "../twin/twin.ts";
import type { World } from "./world.ts";

/** The outcome of one call of the API, as its caller sees it. */
export interface Reply {
  /** `200`, a problem's code, `lost` (no response at all), or `crash`. */
  code: string;
  status: number;
  /** As the audit names it. */
  requestId: string;
  body: Record<string, unknown>;
  retryAfterMs: number | undefined;
  /** The time in which its process could run: without its start, stops and waits for the machine. */
  tookMs: number;
}

/** One number that a caller wants to add, and the outcome. */
export interface Intent {
  /** Another 2xx than the first one came for its key. */
  isOther?: boolean;
  /** Repetitions of its key that got a response after the first. */
  repeated?: number;
  phoneNumber: string;
  label: string;
  /** The 201 that the caller got. */
  added?: Record<string, unknown>;
  calls: number;
  /** RingCentral does not take it, such as when the extension has too many numbers. */
  isRejected?: boolean;
  /** Its caller has a response, or has given up. */
  isOver?: boolean;
}

/** The outcomes of a scenario's callers. */
export interface Traffic {
  replies: Reply[];
  intents: Intent[];
}

const Response = z.looseObject({
  statusCode: z.number(),
  headers: z.record(z.string(), z.string()),
  body: z.optional(z.string()),
});

const LIST = "extensions/list-forwarding-numbers";
const ADD = "extensions/add-forwarding-number";
const MAX_CALLS = 8;
/** The part of the acknowledged writes whose key is sent again. */
const REPEATED_SHARE = 0.5;

export async function call(
  world: World,
  functionName: string,
  route: Route,
  request: TestRequest,
  isCold = false,
): Promise<Reply> {
  const startedAt = Date.now();
  const requestId = randomUUID();
  const named = { ...request, headers: { ...request.headers, "x-request-id": requestId } };
  const invoke = isCold ? world.invokeCold : world.invoke;
  const outcome = await invoke(functionName, apiGatewayEvent(route, named));
  const nothing = { requestId, status: 0, body: {}, retryAfterMs: undefined, tookMs: Date.now() - startedAt };
  if (outcome.kind !== "result") return { ...nothing, code: outcome.kind };
  const { statusCode, headers, body: text } = Response.parse(outcome.result);
  const { tookMs } = outcome;
  const body: Record<string, unknown> = text ? JSON.parse(text) : {};
  const retryAfter = headers["retry-after"];
  return {
    code: typeof body.code === "string" ? body.code : String(statusCode),
    status: statusCode,
    requestId,
    body,
    retryAfterMs: retryAfter === undefined ? undefined : Number(retryAfter) * 1000,
    tookMs,
  };
}

/** Reads the forwarding numbers repeatedly. */
export async function keepReading(
  world: World,
  traffic: Traffic,
  isOver: () => boolean,
  pauseMs: number,
): Promise<void> {
  while (!isOver()) {
    const token = world.random() < 0.5 ? world.issuer.tokens.user : world.issuer.tokens.otherUser;
    const headers = world.random() < 0.5 ? { "cache-control": "no-cache" } : {};
    traffic.replies.push(await call(world, LIST, listForwardingNumbersRoute, { token, headers }));
    await pause(pauseMs * (0.5 + world.random()));
  }
}

export interface WriteLoad {
  /** Mean pause between two numbers. Default 400. */
  pauseMs?: number;
  /** Calls that a caller makes for one number. */
  maxCalls?: number;
  /** Time after `until`, and after the first call of a later number, in which a caller still repeats its last request. */
  givesUpAfterMs?: number;
  /** The longest pause before a repetition, whatever `Retry-After` says. */
  maxWaitMs?: number;
}

/** Adds one new number after the other, each with its own key, and repeats each request until it gets a response. */
export async function keepAdding(
  world: World,
  traffic: Traffic,
  isOver: () => boolean,
  until: number,
  load: WriteLoad = {},
): Promise<void> {
  while (!isOver()) {
    const number = traffic.intents.length;
    const intent: Intent = {
      phoneNumber: `+1202556${String(number).padStart(4, "0")}`,
      label: `New ${number}`,
      calls: 0,
    };
    traffic.intents.push(intent);
    await addOne(world, traffic, intent, until, load);
    if (intent.added !== undefined && world.random() < REPEATED_SHARE) await repeat(world, traffic, intent);
    intent.isOver = true;
    makeRoom(world, traffic);
    await pause((load.pauseMs ?? 400) * (0.5 + world.random()));
  }
}

async function addOne(
  world: World,
  traffic: Traffic,
  intent: Intent,
  until: number,
  { maxCalls = MAX_CALLS, givesUpAfterMs = 0, maxWaitMs = 5_000 }: WriteLoad,
): Promise<void> {
  const givesUpAt = Math.max(until, Date.now()) + givesUpAfterMs;
  while (intent.calls < maxCalls && Date.now() < givesUpAt) {
    intent.calls += 1;
    const reply = await sendIntent(world, traffic, intent);
    if (reply.status === 201) {
      intent.added = z.looseObject({}).parse(reply.body.data);
      return;
    }
    if (reply.status >= 400 && reply.body.retryable !== true) {
      intent.isRejected = true;
      return;
    }
    await pause(Math.min(reply.retryAfterMs ?? 500, maxWaitMs, Math.max(0, givesUpAt - Date.now())));
  }
}

async function sendIntent(world: World, traffic: Traffic, { phoneNumber, label }: Intent): Promise<Reply> {
  const reply = await call(world, ADD, addForwardingNumberRoute, {
    token: world.issuer.tokens.user,
    headers: { "idempotency-key": `key-${phoneNumber.slice(1)}` },
    body: { phoneNumber, label },
  });
  traffic.replies.push(reply);
  return reply;
}

/** The key of a write that was acknowledged, sent once more: its process may have ended since. */
async function repeat(world: World, traffic: Traffic, intent: Intent): Promise<void> {
  const { status, body } = await sendIntent(world, traffic, intent);
  if (status >= 200 && status < 300) intent.repeated = 1;
  intent.isOther = intent.repeated === 1 && !isDeepStrictEqual(body.data, intent.added);
}

/**
 * An extension has room for only some forwarding numbers: finished ones are removed from the twin, but not from its
 * log.
 */
function makeRoom(world: World, { intents }: Traffic): void {
  const over = new Set(intents.filter(({ isOver }) => isOver).map(({ phoneNumber }) => phoneNumber));
  const extension = world.twin.extension(SEED.extensionId);
  extension.forwarding = extension.forwarding.filter(({ phoneNumber }) => !over.has(phoneNumber ?? ""));
}
