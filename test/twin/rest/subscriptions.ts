import type { Subscription } from "../data/world.ts";
import { type HttpResponse, json, noContent } from "../edge/response.ts";
import { liveSubscriptions } from "../edge/webhooks.ts";
import type { Call } from "./call.ts";
import { invalidParameter, missingParameter, notFound, outOfRange, restError } from "./errors.ts";
import { type JsonObject, readJsonObject } from "./json-body.ts";

/** [spec: OAS] Ten years. The meaning of an absent `expiresIn` for a webhook is undocumented [unsure]. */
const MAX_EXPIRES_IN = 315_360_000;
/** Of one user in one app [spec]; the status of the rejection is undocumented [unsure]. */
const MAX_SUBSCRIPTIONS = 30;
const DEFAULT_EXPIRES_IN = 604_800;

function toRecord(call: Call, subscription: Subscription) {
  const { id, status, eventFilters, createdAt, expiresAt, address } = subscription;
  return {
    uri: `${call.baseUrl}/restapi/v1.0/subscription/${id}`,
    id,
    status,
    eventFilters,
    creationTime: new Date(createdAt).toISOString(),
    expirationTime: new Date(expiresAt).toISOString(),
    expiresIn: Math.max(0, Math.floor((expiresAt - call.now) / 1000)),
    deliveryMode: { transportType: "WebHook", encryption: false, address },
  };
}

/** The subscriptions of the same user in the same app [unsure]. */
function ownSubscriptions(call: Call): Subscription[] {
  return liveSubscriptions(call.world, call.now).filter(
    ({ clientId, ownerId }) => clientId === call.clientId && ownerId === call.user.extensionId,
  );
}

function findSubscription(call: Call): Subscription {
  const found = ownSubscriptions(call).find(({ id }) => id === call.params.id);
  if (found === undefined) throw notFound("subscriptionId");
  return found;
}

export async function createSubscription(call: Call): Promise<HttpResponse> {
  const body = readJsonObject(call.request);
  const eventFilters = readFilters(call, body);
  const { address, verificationToken } = readDelivery(body);
  const lifetimeMs = readExpiresIn(body) * 1000;
  if (ownSubscriptions(call).length >= MAX_SUBSCRIPTIONS) {
    throw restError(400, "SUB-505", `Subscriptions are limited to ${MAX_SUBSCRIPTIONS}`);
  }
  await requireHandshake(call, address);
  const subscription: Subscription = {
    id: `twin-subscription-${call.world.nextId()}`,
    clientId: call.clientId,
    accountId: call.account.id,
    ownerId: call.user.extensionId ?? "",
    eventFilters,
    address,
    ...(verificationToken !== undefined && { verificationToken }),
    status: "Active",
    failures: 0,
    createdAt: call.now,
    lifetimeMs,
    expiresAt: call.now + lifetimeMs,
  };
  call.world.subscriptions.push(subscription);
  return json(200, toRecord(call, subscription));
}

export function listSubscriptions(call: Call): HttpResponse {
  const records = ownSubscriptions(call).map((each) => toRecord(call, each));
  return json(200, { uri: `${call.baseUrl}/restapi/v1.0/subscription`, records });
}

export function getSubscription(call: Call): HttpResponse {
  return json(200, toRecord(call, findSubscription(call)));
}

/** Renews: the lifetime starts again, and a new address is validated [unsure]. */
export async function updateSubscription(call: Call): Promise<HttpResponse> {
  const subscription = findSubscription(call);
  const body = readJsonObject(call.request);
  const eventFilters = body.eventFilters === undefined ? subscription.eventFilters : readFilters(call, body);
  const delivery = body.deliveryMode === undefined ? undefined : readDelivery(body);
  const lifetimeMs = readExpiresIn(body) * 1000;
  if (delivery !== undefined && delivery.address !== subscription.address) {
    await requireHandshake(call, delivery.address);
  }
  Object.assign(subscription, { eventFilters, ...delivery, lifetimeMs, expiresAt: call.now + lifetimeMs });
  return json(200, toRecord(call, subscription));
}

/** Without a body: the lifetime that was asked for starts again [spec]. */
export function renewSubscription(call: Call): HttpResponse {
  const subscription = findSubscription(call);
  subscription.expiresAt = call.now + subscription.lifetimeMs;
  return json(200, toRecord(call, subscription));
}

export function deleteSubscription(call: Call): HttpResponse {
  const gone = findSubscription(call);
  call.world.subscriptions = call.world.subscriptions.filter((each) => each !== gone);
  return noContent();
}

async function requireHandshake(call: Call, address: string): Promise<void> {
  if (await call.webhooks.shakeHands(address)) return;
  throw restError(400, "SUB-525", "WebHook server response is invalid");
}

/** @returns the filters with `~` replaced by the caller's own ids */
function readFilters(call: Call, { eventFilters }: JsonObject): string[] {
  if (eventFilters === undefined) throw missingParameter("eventFilters");
  if (!Array.isArray(eventFilters) || eventFilters.length === 0) throw invalidParameter("eventFilters");
  return eventFilters.map((filter: unknown) => {
    if (typeof filter !== "string" || !filter.startsWith("/restapi/v1.0/")) {
      throw invalidParameter("eventFilters", filter);
    }
    return filter
      .replace("/account/~", `/account/${call.account.id}`)
      .replace("/extension/~", `/extension/${call.user.extensionId}`);
  });
}

function readDelivery({ deliveryMode }: JsonObject): { address: string; verificationToken?: string } {
  if (typeof deliveryMode !== "object" || deliveryMode === null) throw missingParameter("deliveryMode");
  const { transportType, address, verificationToken } = { ...deliveryMode } as JsonObject;
  if (transportType !== "WebHook") throw invalidParameter("transportType", transportType);
  if (typeof address !== "string" || !isReachable(address)) throw invalidParameter("address", address);
  return { address, ...(typeof verificationToken === "string" && { verificationToken }) };
}

/** RingCentral requires TLS [docs: HOOK]; loopback addresses may use plain HTTP. */
function isReachable(address: string): boolean {
  const url = URL.parse(address);
  return (
    url?.protocol === "https:" || (url?.protocol === "http:" && /^(127\.|localhost$)/.test(url.hostname))
  );
}

function readExpiresIn({ expiresIn = DEFAULT_EXPIRES_IN }: JsonObject): number {
  if (typeof expiresIn !== "number" || !Number.isInteger(expiresIn))
    throw invalidParameter("expiresIn", expiresIn);
  if (expiresIn < 1 || expiresIn > MAX_EXPIRES_IN) {
    throw outOfRange("expiresIn", String(expiresIn), `[1..${MAX_EXPIRES_IN}]`);
  }
  return expiresIn;
}
