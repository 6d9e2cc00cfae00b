import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { handler as listCompanyNumbers } from "../../functions/account/list-company-numbers.ts";
import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as addCallerBlockingNumber } from "../../functions/extensions/add-caller-blocking-number.ts";
import { handler as addForwardingNumber } from "../../functions/extensions/add-forwarding-number.ts";
import { handler as deleteCallerBlockingNumber } from "../../functions/extensions/delete-caller-blocking-number.ts";
import { handler as deleteForwardingNumber } from "../../functions/extensions/delete-forwarding-number.ts";
import { handler as getCallerBlocking } from "../../functions/extensions/get-caller-blocking.ts";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as listCallerBlockingNumbers } from "../../functions/extensions/list-caller-blocking-numbers.ts";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import { handler as updateCallerBlocking } from "../../functions/extensions/update-caller-blocking.ts";
import { handler as updateCallerBlockingNumber } from "../../functions/extensions/update-caller-blocking-number.ts";
import { handler as updateForwardingNumber } from "../../functions/extensions/update-forwarding-number.ts";
import { handler as health } from "../../functions/operations/get-health.ts";
import { handler as openapi } from "../../functions/operations/get-openapi.ts";
import { addBlockedNumberRoute, listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import {
  addCallerBlockingNumberRoute,
  deleteCallerBlockingNumberRoute,
  getCallerBlockingRoute,
  listCallerBlockingNumbersRoute,
  updateCallerBlockingNumberRoute,
  updateCallerBlockingRoute,
} from "../../lib/contract/caller-blocking.ts";
import { listCompanyNumbersRoute } from "../../lib/contract/company-numbers.ts";
import {
  addForwardingNumberRoute,
  deleteForwardingNumberRoute,
  listForwardingNumbersRoute,
  updateForwardingNumberRoute,
} from "../../lib/contract/forwarding-numbers.ts";
import { getHealthRoute, getOpenApiRoute } from "../../lib/contract/operations.ts";
import type { Route } from "../../lib/contract/route.ts";
import { invoke, type TestRequest } from "../support/api-gateway.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { type Service, startService } from "../support/service.ts";
import { SEED } from "../twin/twin.ts";

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());
beforeEach(() => {
  service.forget();
});

/** Calls as Ana Ruiz, unless another token is given; every response must match the OpenAPI file. */
async function call(handler: Parameters<typeof invoke>[0], route: Route, request: TestRequest = {}) {
  const response = await invoke(handler, route, { token: service.tokens.user, ...request });
  expectConforms(route, response);
  return response;
}

const sent = () => service.sent();
const extensionPath = `/restapi/v1.0/account/${SEED.accountId}/extension/${SEED.extensionId}`;

describe("the seven operations", () => {
  it("1: lists blocked numbers", async () => {
    const { status, body, headers } = await call(listBlockedNumbers, listBlockedNumbersRoute);
    expect(status).toBe(200);
    expect(body.data[0]).toMatchObject({
      id: "4400111000",
      phoneNumber: "+12025550143",
      label: "Robocaller",
    });
    expect(body.page).toEqual({ limit: 100, hasMore: false, total: 3 });
    expect(body.meta.source).toBe("live");
    expect(headers["x-request-id"]).toBe("lambda-request-1");
    expect(sent()).toEqual([
      {
        method: "GET",
        path: `${extensionPath}/blocked-number`,
        query: { page: ["1"], perPage: ["100"] },
        body: undefined,
      },
    ]);
  });

  it("2: blocks a number", async () => {
    const { status, body, headers } = await call(addBlockedNumber, addBlockedNumberRoute, {
      body: { phoneNumber: "(202) 555-0198", country: "US", label: "Spam" },
    });
    expect(status).toBe(201);
    expect(body.data).toMatchObject({ phoneNumber: "+12025550198", label: "Spam" });
    expect(headers.location).toBe(`/v1/extensions/me/blocked-numbers/${body.data.id}`);
    expect(sent()[0]?.body).toEqual({ phoneNumber: "+12025550198", name: "Spam" });
  });

  it("3: lists blocked and allowed numbers", async () => {
    const { body } = await call(listCallerBlockingNumbers, listCallerBlockingNumbersRoute, {
      query: "status=allowed",
    });
    expect(body.data).toMatchObject([
      { id: SEED.allowedNumberId, phoneNumber: "+12025550151", label: "School", status: "allowed" },
      { id: "MTIwMjU1NTAxNTU", phoneNumber: "+12025550155", label: "Doctor", status: "allowed" },
    ]);
    expect(sent()[0]?.query).toEqual({ page: ["1"], perPage: ["100"], status: ["Allowed"] });
  });

  it("4: lists forwarding numbers", async () => {
    const { body } = await call(listForwardingNumbers, listForwardingNumbersRoute);
    expect(body.data).toHaveLength(4);
    expect(body.data[2]).toMatchObject({ type: "PhoneLine", deviceId: "880001" });
  });

  it("5 and 6: adds a forwarding number, then changes one field and keeps the rest", async () => {
    const added = await call(addForwardingNumber, addForwardingNumberRoute, {
      body: { phoneNumber: "+12025550155", label: "Cabin", flipNumber: 5 },
    });
    expect(added.status).toBe(201);
    expect(added.body.data).toMatchObject({
      phoneNumber: "+12025550155",
      label: "Cabin",
      type: "Other",
      flipNumber: 5,
    });
    const changed = await call(updateForwardingNumber, updateForwardingNumberRoute, {
      path: { extensionId: "me", forwardingNumberId: added.body.data.id },
      body: { label: "Lake cabin" },
    });
    expect(changed.status).toBe(200);
    // The twin takes PUT strictly: it resets the fields that the body leaves out.
    expect(changed.body.data).toMatchObject({
      id: added.body.data.id,
      phoneNumber: "+12025550155",
      label: "Lake cabin",
      flipNumber: 5,
    });
  });

  it("7: lists the company's numbers, filtered", async () => {
    const { body } = await call(listCompanyNumbers, listCompanyNumbersRoute, {
      token: service.tokens.service,
      query: "usageType=MainCompanyNumber,AdditionalCompanyNumber&limit=5",
    });
    expect(body.data[0]).toMatchObject({ id: "900001", usageType: "MainCompanyNumber", primary: true });
    expect(sent()[0]?.query.usageType).toEqual(["MainCompanyNumber", "AdditionalCompanyNumber"]);
    expect(JSON.stringify(body)).not.toContain("restapi");
  });
});

describe("the other operations", () => {
  it("add, change and remove an entry of the allowed list", async () => {
    const added = await call(addCallerBlockingNumber, addCallerBlockingNumberRoute, {
      body: { phoneNumber: "+12065550111", label: "Dentist", status: "allowed" },
    });
    expect(added.body.data).toMatchObject({ status: "allowed", label: "Dentist" });
    const path = { extensionId: "me", id: added.body.data.id };
    const changed = await call(updateCallerBlockingNumber, updateCallerBlockingNumberRoute, {
      path,
      body: { status: "blocked" },
    });
    expect(changed.body.data).toEqual({ ...added.body.data, status: "blocked" });
    const removed = await call(deleteCallerBlockingNumber, deleteCallerBlockingNumberRoute, { path });
    expect(removed.status).toBe(204);
    const again = await call(deleteCallerBlockingNumber, deleteCallerBlockingNumberRoute, { path });
    expect(again).toMatchObject({ status: 404, body: { code: "not_found" } });
  });

  it("read and change the settings", async () => {
    const changed = await call(updateCallerBlocking, updateCallerBlockingRoute, {
      body: { payPhones: "block" },
    });
    expect(changed.body.data).toEqual({ mode: "specific", noCallerId: "allow", payPhones: "block" });
    const read = await call(getCallerBlocking, getCallerBlockingRoute);
    expect(read.body.data).toEqual(changed.body.data);
  });

  it("remove a forwarding number", async () => {
    const removed = await call(deleteForwardingNumber, deleteForwardingNumberRoute, {
      path: { extensionId: "me", forwardingNumberId: "712001" },
    });
    expect(removed.status).toBe(204);
    expect(service.twin.extension(SEED.extensionId).forwarding.some(({ id }) => id === "712001")).toBe(false);
  });
});

describe("the public routes", () => {
  it("respond without a token and without calling RingCentral", async () => {
    const alive = await invoke(health, getHealthRoute);
    expectConforms(getHealthRoute, alive);
    expect([alive.headers["cache-control"], alive.headers.etag]).toEqual(["no-store", undefined]);
    const described = await invoke(openapi, getOpenApiRoute);
    expectConforms(getOpenApiRoute, described);
    expect(described.body.paths["/healthz"]).toBeDefined();
    expect(service.twin.requests).toEqual([]);
  });
});

describe("conditional reads", () => {
  it("return 304 while the content is the same, and 200 once it has changed", async () => {
    const first = await call(listForwardingNumbers, listForwardingNumbersRoute);
    const tag = first.headers.etag ?? "";
    // Its bytes differ with its age and its cursors.
    expect(tag).toMatch(/^W\/"[\w-]+"$/);
    const same = await call(listForwardingNumbers, listForwardingNumbersRoute, {
      headers: { "if-none-match": tag },
    });
    expect(same).toMatchObject({ status: 304, body: undefined });
    await call(addForwardingNumber, addForwardingNumberRoute, { body: { phoneNumber: "+12025550156" } });
    const changed = await call(listForwardingNumbers, listForwardingNumbersRoute, {
      headers: { "if-none-match": tag },
    });
    expect(changed.status).toBe(200);
  });
});

it("all these requests log in once", () => {
  expect(service.twin.sessions).toHaveLength(1);
});
