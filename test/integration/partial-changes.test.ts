import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as addCallerBlockingNumber } from "../../functions/extensions/add-caller-blocking-number.ts";
import { handler as getCallerBlocking } from "../../functions/extensions/get-caller-blocking.ts";
import { handler as listCallerBlockingNumbers } from "../../functions/extensions/list-caller-blocking-numbers.ts";
import { handler as updateCallerBlocking } from "../../functions/extensions/update-caller-blocking.ts";
import { handler as updateCallerBlockingNumber } from "../../functions/extensions/update-caller-blocking-number.ts";
import { handler as updateForwardingNumber } from "../../functions/extensions/update-forwarding-number.ts";
import * as blocked from "../../lib/contract/blocked-numbers.ts";
import * as callerBlocking from "../../lib/contract/caller-blocking.ts";
import { updateForwardingNumberRoute } from "../../lib/contract/forwarding-numbers.ts";
import type { Route } from "../../lib/contract/route.ts";
import { invoke, type TestRequest } from "../support/api-gateway.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { type Service, startService } from "../support/service.ts";
import { SEED } from "../twin/twin.ts";

let service: Service;
beforeAll(async () => {
  service = await startService({ limits: false });
});
afterAll(() => service.stop());
beforeEach(() => service.forget());

async function call(handler: Parameters<typeof invoke>[0], route: Route, request: TestRequest) {
  const response = await invoke(handler, route, { token: service.tokens.user, ...request });
  expectConforms(route, response);
  return response;
}
const add = (body: object) =>
  call(addCallerBlockingNumber, callerBlocking.addCallerBlockingNumberRoute, { body });
const update = (id: string, body: object) =>
  call(updateCallerBlockingNumber, callerBlocking.updateCallerBlockingNumberRoute, {
    path: { extensionId: "me", id },
    body,
  });
const list = () =>
  call(listCallerBlockingNumbers, callerBlocking.listCallerBlockingNumbersRoute, {
    headers: { "cache-control": "no-cache" },
  });

describe("an item sent back as it was read", () => {
  it("is taken for each entry of the lists of callers, short codes included, and changes nothing", async () => {
    await add({ phoneNumber: "72345", country: "US", label: "Polls" });
    const before = (await list()).body.data;
    for (const entry of before)
      expect((await update(entry.id, entry)).body.data).toMatchObject({ id: entry.id });
    expect((await list()).body.data).toEqual(before);
  });

  it("is taken for the settings", async () => {
    const route = callerBlocking.getCallerBlockingRoute;
    const { data } = (await call(getCallerBlocking, route, {})).body;
    const sent = await call(updateCallerBlocking, callerBlocking.updateCallerBlockingRoute, { body: data });
    expect(sent).toMatchObject({ status: 200, body: { data } });
  });

  it("is taken as a new one, without its id", async () => {
    const item = { id: "1", etag: '"x"', phoneNumber: "+12025550139", label: null, country: null };
    const added = await call(addBlockedNumber, blocked.addBlockedNumberRoute, { body: item });
    expect(added).toMatchObject({ status: 201, body: { data: { phoneNumber: "+12025550139" } } });
    expect(added.body.data.id).not.toBe("1");
    expect(service.sent().at(-1)?.body).toEqual({ phoneNumber: "+12025550139" });
  });

  it("is refused with any other member, which is named with those that are known", async () => {
    const { status, body } = await add({ phoneNumber: "+12025550138", color: "red" });
    expect([status, body.errors]).toMatchObject([
      400,
      [
        {
          field: "color",
          code: "unknown",
          detail: "Not a known field. Known here: phoneNumber, country, label, status.",
        },
      ],
    ]);
  });
});

describe("null in a change", () => {
  it.each(["replace", "merge"] as const)(
    "removes a label, when RingCentral takes a PUT as: %s",
    async (putCallerBlocking) => {
      service.twin.configure({ putCallerBlocking });
      const phoneNumber = putCallerBlocking === "merge" ? "+12025550181" : "+12025550182";
      const { data } = (await add({ phoneNumber, label: "Robocaller", status: "allowed" })).body;
      const changed = await update(data.id, { label: null });
      expect(changed).toMatchObject({ status: 200 });
      expect(changed.body.data).toEqual({ id: data.id, phoneNumber, status: "allowed" });
      expect((await list()).body.data).toContainEqual(expect.not.objectContaining({ label: "Robocaller" }));
    },
  );

  it.each([{ phoneNumber: null }, { status: null }])(
    "removes nothing that must be there: %j",
    async (change) => {
      const [field] = Object.keys(change);
      expect(await update("5100", change)).toMatchObject({
        status: 400,
        body: { errors: [{ field, code: "required", detail: expect.stringContaining("cannot be removed") }] },
      });
      expect(service.sent()).toEqual([]);
    },
  );

  it("is refused where RingCentral keeps the value", async () => {
    service.twin.configure({ putForwarding: "merge" });
    const response = await call(updateForwardingNumber, updateForwardingNumberRoute, {
      path: { extensionId: "me", forwardingNumberId: SEED.homeForwardingId },
      body: { flipNumber: null },
    });
    expect(response).toMatchObject({
      status: 400,
      body: { code: "parameter_invalid", errors: [{ in: "body", field: "flipNumber", code: "refused" }] },
    });
  });
});
