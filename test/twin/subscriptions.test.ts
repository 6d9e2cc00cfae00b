import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { logIn, type Send } from "./http-lab.ts";
import { createManualClock, type ManualClock, SEED, startTwin, type Twin } from "./twin.ts";

interface Received {
  validationToken?: string;
  verificationToken?: string;
  body: { event?: string; subscriptionId?: string; body?: { extensionId: string; hints?: string[] } };
}

let twin: Twin;
let clock: ManualClock;
let send: Send;
let receiver: Server;
let address: string;
let received: Received[];
let reply: { status: number; echo: boolean };

const path = "/restapi/v1.0/subscription";
const ofEveryone = `/restapi/v1.0/account/${SEED.accountId}/extension`;

beforeEach(async () => {
  received = [];
  reply = { status: 200, echo: true };
  receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const validationToken = String(request.headers["validation-token"] ?? "");
    const verificationToken = String(request.headers["verification-token"] ?? "");
    received.push({
      ...(validationToken !== "" && { validationToken }),
      ...(verificationToken !== "" && { verificationToken }),
      body: text === "" ? {} : JSON.parse(text),
    });
    response.setHeader("content-type", "application/json");
    if (reply.echo && validationToken !== "") response.setHeader("validation-token", validationToken);
    response.writeHead(reply.status).end("{}");
  });
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  clock = createManualClock();
  twin = await startTwin({ clock, limits: { Medium: false } });
  send = await logIn(twin);
});
afterEach(async () => {
  await twin.close();
  receiver.close();
  receiver.closeAllConnections();
});

const create = (extra: object = {}) =>
  send<{ id: string; status: string; expiresIn: number; eventFilters: string[]; errors: unknown[] }>(
    "POST",
    path,
    {
      eventFilters: ["/restapi/v1.0/account/~/extension", "/restapi/v1.0/account/~/extension/~"],
      deliveryMode: { transportType: "WebHook", address, verificationToken: "our-secret" },
      expiresIn: 3600,
      ...extra,
    },
  );

it("is created after a handshake that echoes the token, with the caller's own ids in its filters", async () => {
  const { status, body } = await create();
  expect(status).toBe(200);
  expect(received).toEqual([{ validationToken: expect.any(String), body: {} }]);
  expect(body).toMatchObject({
    status: "Active",
    expiresIn: 3600,
    eventFilters: [ofEveryone, `${ofEveryone}/${SEED.adminExtensionId}`],
  });
});

it("is not created when the handshake fails", async () => {
  reply = { status: 200, echo: false };
  expect(await create()).toMatchObject({ status: 400, body: { errors: [{ errorCode: "SUB-525" }] } });
  reply = { status: 204, echo: true };
  expect((await create()).status).toBe(400);
  expect((await send<{ records: unknown[] }>("GET", path)).body.records).toEqual([]);
});

it("is notified of edits to its extension's numbers, with its secret, and of no others", async () => {
  const { body } = await create();
  received = [];
  const added = twin.numbers.add({ phoneNumber: "+12025550111", extensionId: SEED.extensionId });
  twin.numbers.add({ phoneNumber: "+12025550112" });
  await twin.deliveriesSettled();
  expect(received).toHaveLength(1);
  expect(received[0]).toMatchObject({
    verificationToken: "our-secret",
    body: {
      event: ofEveryone,
      subscriptionId: body.id,
      body: { extensionId: SEED.extensionId, eventType: "Update" },
    },
  });
  twin.numbers.update(added.id, { extensionId: SEED.adminExtensionId });
  await twin.deliveriesSettled();
  const hinted = received.filter((each) => each.body.body?.hints?.includes("CompanyNumbers"));
  expect(hinted.map((each) => each.body.body?.extensionId)).toEqual([SEED.adminExtensionId]);
  expect(twin.deliveries.every(({ status }) => status === 200)).toBe(true);
});

it("ends after its lifetime unless it is renewed, and when it is removed", async () => {
  const { body } = await create();
  clock.advance(3_000_000);
  const renewed = await send<{ expiresIn: number }>("PUT", `${path}/${body.id}`, { expiresIn: 3600 });
  expect(renewed.body.expiresIn).toBe(3600);
  clock.advance(3_000_000);
  send = await logIn(twin);
  const { headers, body: byPost } = await send<{ expiresIn: number }>("POST", `${path}/${body.id}/renew`);
  expect([byPost.expiresIn, headers.get("x-rate-limit-group")]).toEqual([3600, "light"]);
  clock.advance(3_000_000);
  const again = await logIn(twin);
  expect((await again("GET", `${path}/${body.id}`)).status).toBe(200);
  expect((await again("DELETE", `${path}/${body.id}`)).status).toBe(204);
  expect((await again("GET", `${path}/${body.id}`)).status).toBe(404);
});

it("is blacklisted when its address keeps failing, and then gets no notifications", async () => {
  const { body } = await create();
  reply = { status: 500, echo: false };
  for (let edit = 0; edit < 6; edit += 1) {
    twin.numbers.add({ phoneNumber: `+1202555012${edit}`, extensionId: SEED.extensionId });
    await twin.deliveriesSettled();
  }
  expect(twin.deliveries).toHaveLength(5);
  const { body: now } = await send<{ status: string }>("GET", `${path}/${body.id}`);
  expect(now.status).toBe("Blacklisted");
});

it("is one of at most 30 of a user in an app", async () => {
  for (let index = 0; index < 30; index += 1) expect((await create()).status).toBe(200);
  expect(await create()).toMatchObject({ status: 400, body: { errors: [{ errorCode: "SUB-505" }] } });
});

it("rejects other transports, unreachable addresses and endless lifetimes", async () => {
  const wrong = [
    { deliveryMode: { transportType: "PubNub", address } },
    { deliveryMode: { transportType: "WebHook", address: "http://example.com/hook" } },
    { expiresIn: 400_000_000 },
    { eventFilters: [] },
  ];
  for (const part of wrong) expect((await create(part)).status, JSON.stringify(part)).toBe(400);
  expect(received).toEqual([]);
});
