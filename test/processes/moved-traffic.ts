import { setTimeout as pause } from "node:timers/promises";
import {
  addForwardingNumberRoute,
  deleteForwardingNumberRoute,
} from "../../lib/contract/forwarding-numbers.ts";
import type { Route } from "../../lib/contract/route.ts";
import type { TestRequest } from "../support/api-gateway.ts";
import { brokenRules, duplicates, ringingOf } from "../support/call-handling-truth.ts";
import { SEED } from "../twin/twin.ts";
import { call, type Reply, type Traffic } from "./traffic.ts";
import type { World } from "./world.ts";

const ADD = "extensions/add-forwarding-number";
const DELETE = "extensions/delete-forwarding-number";
const extensions = [SEED.extensionId, SEED.otherExtensionId, SEED.adminExtensionId] as const;
const CALLERS_EACH = 2;
/**
 * A process that ends during a change keeps others out for 126 s; then the next one completes the change. A count, because
 * on a loaded machine each call takes longer.
 */
const MAX_TRIES = 40;
const MAX_EXTRA_MS = 120_000;
const MIN_WRITES = 20;

/** A number in the two places of the new call handling, as its caller knows it. */
interface Moved {
  extensionId: string;
  phoneNumber: string;
  state: "unknown" | "added" | "removed";
}

/**
 * Adds numbers to moved extensions and removes them, while processes end and stop.
 * @returns broken promises
 */
export async function keepMoving(world: World, traffic: Traffic, until: number): Promise<string[]> {
  const numbers: Moved[] = [];
  const writes: Reply[] = [];
  const send = async (extensionId: string, route: Route, request: TestRequest) => {
    const token = await tokenOf(world, extensionId);
    const isAdd = route === addForwardingNumberRoute;
    for (let tries = 1; ; tries += 1) {
      const reply = await call(world, isAdd ? ADD : DELETE, route, { ...request, token });
      traffic.replies.push(reply);
      const isOver = reply.status >= 200 && (reply.status < 400 || reply.body.retryable !== true);
      if (isOver || tries === MAX_TRIES) {
        if (isAdd) writes.push(reply);
        return reply;
      }
      await pause(Math.min(reply.retryAfterMs ?? 1_000, 20_000));
    }
  };
  const change = async (extensionId: string) => {
    const phoneNumber = `+1202557${String(numbers.length).padStart(4, "0")}`;
    const number: Moved = { extensionId, phoneNumber, state: "unknown" };
    numbers.push(number);
    const headers = { "idempotency-key": `key-${phoneNumber.slice(1)}` };
    const added = await send(extensionId, addForwardingNumberRoute, {
      headers,
      body: { phoneNumber, label: `Moved ${numbers.length}` },
    });
    if (added.status !== 201) return added;
    number.state = "added";
    const { id } = added.body.data as { id: string };
    const removed = await send(extensionId, deleteForwardingNumberRoute, {
      path: { forwardingNumberId: id },
    });
    // A removal that was repeated after its effect is 404.
    number.state = [204, 404].includes(removed.status) ? "removed" : "unknown";
    return removed;
  };
  const isShort = () => writes.length < MIN_WRITES && Date.now() < until + MAX_EXTRA_MS;
  const keep = async (extensionId: string) => {
    while (Date.now() < until || isShort()) {
      await change(extensionId);
      await pause(2_000 * world.random());
    }
  };
  await Promise.all(extensions.flatMap((id) => Array.from({ length: CALLERS_EACH }, () => keep(id))));
  // The next writer completes what another one has left.
  const last = await Promise.all(extensions.map((id) => change(id)));
  const stuck = last.filter(({ status }) => status >= 300 || status === 0);
  return [
    ...(stuck.length > 0
      ? [`${stuck.length} extensions take no write: ${stuck.map(({ code }) => code)}`]
      : []),
    ...(writes.length < MIN_WRITES ? [`only ${writes.length} writes`] : []),
    ...extensions.flatMap((id) => judge(world, id, numbers)),
  ];
}

function judge({ twin }: World, extensionId: string, numbers: readonly Moved[]): string[] {
  const { callHandling } = twin.extension(extensionId);
  if (callHandling === undefined) return [`${extensionId} has not moved`];
  const ringing = new Map(ringingOf(callHandling).map((one) => [one.phoneNumber, one]));
  const own = numbers.filter((number) => number.extensionId === extensionId);
  const half = own.filter(({ phoneNumber }) => ringing.get(phoneNumber)?.features.length === 1);
  const lost = own.filter(({ state, phoneNumber }) => state === "added" && !ringing.has(phoneNumber));
  const back = own.filter(({ state, phoneNumber }) => state === "removed" && ringing.has(phoneNumber));
  return [
    ...(half.length > 0 ? [`${half.length} changes are half done`] : []),
    ...(lost.length > 0 ? [`${lost.length} acknowledged additions are not there`] : []),
    ...(back.length > 0 ? [`${back.length} removed numbers are there`] : []),
    ...[...duplicates(callHandling), ...brokenRules(callHandling)],
  ];
}

const tokens = new Map<string, string>();

async function tokenOf({ issuer }: World, extensionId: string): Promise<string> {
  const known =
    tokens.get(extensionId) ?? (await issuer.mint({ rc_extension_id: extensionId, sub: extensionId }));
  tokens.set(extensionId, known);
  return known;
}
