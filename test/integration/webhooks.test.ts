import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { handler as receiveRingCentralEvent } from "../../functions/webhooks/receive-ringcentral-event.ts";
import { handler as renewSubscriptions } from "../../functions/webhooks/renew-subscriptions.ts";
import { receiveRingCentralEventRoute as route } from "../../lib/contract/sync.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { invoke, lambdaContext, type TestRequest } from "../support/api-gateway.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { type Service, startService } from "../support/service.ts";
import { type SyncServices, startSyncServices } from "../support/sync-services.ts";
import { SEED } from "../twin/twin.ts";

let service: Service;
let sync: SyncServices;
let gateway: Server;
let address: string;
/** The headers and bodies RingCentral sent, in order. */
let arrived: TestRequest[];

/** The gateway's part between RingCentral and the function: turns requests into events, and results into responses. */
async function startGateway(): Promise<Server> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    const event: TestRequest = { headers, ...(body !== "" && { body }) };
    arrived.push(event);
    const result = await invoke(receiveRingCentralEvent, route, event);
    response.writeHead(result.status, result.headers).end(JSON.stringify(result.body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

beforeAll(async () => {
  service = await startService();
  sync = await startSyncServices();
  gateway = await startGateway();
  address = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}/v1/webhooks/ringcentral`;
  process.env.WEBHOOK_URL = address;
  resetRuntime();
});
afterAll(async () => {
  delete process.env.WEBHOOK_URL;
  gateway.close();
  gateway.closeAllConnections();
  await sync.stop();
  await service.stop();
});
beforeEach(() => {
  arrived = [];
  service.forget();
  service.twin.state.subscriptions.length = 0;
});

const renew = () => renewSubscriptions({}, lambdaContext());
const subscriptions = () => service.twin.state.subscriptions;

describe("the scheduled renewal", () => {
  it("subscribes with a handshake that this service completes within RingCentral's limits", async () => {
    await renew();
    expect(subscriptions()).toMatchObject([
      {
        address,
        status: "Active",
        eventFilters: [
          `/restapi/v1.0/account/${SEED.accountId}/extension`,
          `/restapi/v1.0/account/${SEED.accountId}/extension/${SEED.adminExtensionId}`,
          `/restapi/v1.0/account/${SEED.accountId}/directory/entries`,
        ],
      },
    ]);
    expect(arrived).toHaveLength(1);
    expect(arrived[0]?.headers?.["validation-token"]).toBeDefined();
  });

  it("renews the existing subscription, and creates no second one", async () => {
    await renew();
    const [first] = subscriptions();
    if (first === undefined) throw new Error("no subscription");
    first.expiresAt -= 3_600_000;
    const before = first.expiresAt;
    await renew();
    expect(subscriptions()).toHaveLength(1);
    expect(subscriptions()[0]?.id).toBe(first.id);
    expect(subscriptions()[0]?.expiresAt).toBeGreaterThan(before);
  });

  it("replaces a subscription that RingCentral has disabled, and removes a second one with the same address", async () => {
    await renew();
    const [silent] = subscriptions();
    if (silent === undefined) throw new Error("no subscription");
    subscriptions().push({ ...silent, id: "twin-subscription-second" });
    silent.status = "Blacklisted";
    await renew();
    expect(subscriptions().map(({ id, status }) => [id, status])).toEqual([
      ["twin-subscription-second", "Active"],
    ]);
  });

  it("does not touch other subscriptions of the same user", async () => {
    await renew();
    const [ours] = subscriptions();
    if (ours === undefined) throw new Error("no subscription");
    subscriptions().push({ ...ours, id: "twin-subscription-other", address: "https://crm.example.com/hook" });
    await renew();
    expect(subscriptions()).toHaveLength(2);
  });

  it("fails when the handshake fails, so that the scheduler tries again", async () => {
    process.env.WEBHOOK_URL = "http://127.0.0.1:9/nobody";
    resetRuntime();
    await expect(renew()).rejects.toThrow("SUB-525");
    process.env.WEBHOOK_URL = address;
    resetRuntime();
  });
});

describe("a notification", () => {
  it("of an edited number starts one sync, however many edits follow", async () => {
    await renew();
    const added = service.twin.numbers.add({ phoneNumber: "+12025550171", extensionId: SEED.extensionId });
    service.twin.numbers.update(added.id, { label: "Reception" });
    service.twin.numbers.remove(added.id);
    await service.twin.deliveriesSettled();
    expect(service.twin.deliveries.slice(-3).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await sync.takeAll()).toEqual([
      { accountId: SEED.accountId, trigger: "hint", requestedAt: expect.any(Number), postponed: 0 },
    ]);
  });

  it("of a person who is disabled brings one reading of the directory forward, and no sync", async () => {
    await renew();
    service.twin.directory.update(SEED.otherExtensionId, { status: "Disabled" });
    service.twin.directory.update(SEED.otherExtensionId, { status: "Enabled" });
    await service.twin.deliveriesSettled();
    expect(service.twin.deliveries.slice(-2).map(({ status }) => status)).toEqual([200, 200]);
    expect(await sync.waitingReadings()).toMatchObject([{ accountId: SEED.accountId, trigger: "hint" }]);
    expect(await sync.takeAll()).toEqual([]);
  });

  it("is rejected without this service's token, with the documented problem", async () => {
    await renew();
    service.twin.numbers.add({ phoneNumber: "+12025550172", extensionId: SEED.extensionId });
    await service.twin.deliveriesSettled();
    const genuine = arrived.at(-1);
    const { "verification-token": secret, ...others } = genuine?.headers ?? {};
    expect(secret).toMatch(/^[\w-]{43}$/);
    const forged = await invoke(receiveRingCentralEvent, route, { ...genuine, headers: others });
    expect(forged).toMatchObject({ status: 401, body: { code: "webhook_token_invalid" } });
    expectConforms(route, forged);
    const taken = await invoke(receiveRingCentralEvent, route, { ...genuine });
    expect(taken).toMatchObject({ status: 200, body: { outcome: "ignored" } });
    expectConforms(route, taken);
  });

  it("of more than 64 KiB is rejected unread", async () => {
    const result = await invoke(receiveRingCentralEvent, route, { body: `"${"x".repeat(66_000)}"` });
    expect(result).toMatchObject({ status: 413, body: { code: "body_too_large" } });
  });
});
