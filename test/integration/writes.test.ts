import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as addCallerBlockingNumber } from "../../functions/extensions/add-caller-blocking-number.ts";
import { handler as addForwardingNumber } from "../../functions/extensions/add-forwarding-number.ts";
import { handler as deleteForwardingNumber } from "../../functions/extensions/delete-forwarding-number.ts";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import { handler as updateForwardingNumber } from "../../functions/extensions/update-forwarding-number.ts";
import { addBlockedNumberRoute } from "../../lib/contract/blocked-numbers.ts";
import { addCallerBlockingNumberRoute } from "../../lib/contract/caller-blocking.ts";
import {
  addForwardingNumberRoute,
  deleteForwardingNumberRoute,
  listForwardingNumbersRoute,
  updateForwardingNumberRoute,
} from "../../lib/contract/forwarding-numbers.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { invoke, type TestRequest } from "../support/api-gateway.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { type Service, startService } from "../support/service.ts";
import { SEED } from "../twin/twin.ts";

let service: Service;
beforeEach(async () => {
  service = await startService();
});
afterEach(() => {
  vi.useRealTimers();
  return service.stop();
});

const body = { phoneNumber: "+12025550161", label: "Cabin" };

async function add(key?: string, more: TestRequest = {}) {
  const response = await invoke(addForwardingNumber, addForwardingNumberRoute, {
    token: service.tokens.user,
    body,
    headers: key === undefined ? {} : { "idempotency-key": key },
    ...more,
  });
  expectConforms(addForwardingNumberRoute, response);
  return response;
}

/** With little time, so that the test does not wait for all readings. Logging in needs more. */
async function addInHaste(key?: string) {
  await invoke(listForwardingNumbers, listForwardingNumbersRoute, { token: service.tokens.user });
  return add(key, { remainingMs: 2_500 });
}

const entry = (label: string) => ({ ...body, label, type: "Other", features: [] });
const copies = () =>
  service.twin
    .extension(SEED.extensionId)
    .forwarding.filter(({ phoneNumber }) => phoneNumber === body.phoneNumber);
const posts = () => service.sent().filter(({ method }) => method === "POST");

describe("a write whose response is lost", () => {
  it.each(["reset-after-processing", "status", "truncated-body", "empty-body"] as const)(
    "is found by reading back, and reported as created: %s",
    async (kind) => {
      const effect =
        kind === "status" ? ({ kind, status: 500, afterProcessing: true } as const) : ({ kind } as const);
      service.twin.faults.add({ operation: "addForwardingNumber", ...effect });
      const response = await add();
      expect(response).toMatchObject({ status: 201, body: { data: { ...body, id: copies()[0]?.id } } });
      expect(copies()).toHaveLength(1);
      expect(posts()).toHaveLength(1);
    },
  );

  it.each(["reset", "timeout", "status"] as const)(
    "and that does not show is not sent again: 503, the outcome is unknown: %s",
    async (kind) => {
      const effect = kind === "status" ? ({ kind, status: 502 } as const) : ({ kind } as const);
      service.twin.faults.add({ operation: "addForwardingNumber", ...effect });
      const response = await addInHaste();
      expect(response).toMatchObject({ status: 503, body: { code: "outcome_unknown", retryable: false } });
      expect(response.body.detail).toContain("Read the list before you repeat it");
      expect(posts()).toHaveLength(1);
    },
  );

  it("is not taken for another caller's entry of the same number", async () => {
    service.twin.extension(SEED.extensionId).forwarding.push({ ...entry("Office"), id: "1" });
    service.twin.faults.add({ operation: "addForwardingNumber", kind: "status", status: 502 });
    const response = await addInHaste();
    const { phoneNumber } = entry("Office");
    const listed = { id: "1", phoneNumber, label: "Office", type: "Other", etag: expect.any(String) };
    expect(response).toMatchObject({ status: 409, body: { code: "number_already_listed", entry: listed } });
  });

  describe("to the lists of callers", () => {
    const addCaller = (status: "blocked" | "allowed") =>
      invoke(addCallerBlockingNumber, addCallerBlockingNumberRoute, {
        token: service.tokens.user,
        body: { ...body, status },
        remainingMs: 2_500,
      });

    it("is found on the list it was for", async () => {
      await invoke(listForwardingNumbers, listForwardingNumbersRoute, { token: service.tokens.user });
      service.twin.faults.add({ operation: "addCallerBlockingNumber", kind: "reset-after-processing" });
      expect(await addCaller("allowed")).toMatchObject({
        status: 201,
        body: { data: { status: "allowed" } },
      });
    });

    it("is not taken for an entry of the other list", async () => {
      service.twin.configure({ omittedStatusMeans: "both" });
      const onOtherList = { id: "7001", legacyId: "7001", ...body, status: "Allowed" as const };
      service.twin.extension(SEED.extensionId).callerBlocking.push(onOtherList);
      service.twin.faults.add({ operation: "addCallerBlockingNumber", kind: "status", status: 502 });
      await invoke(listForwardingNumbers, listForwardingNumbersRoute, { token: service.tokens.user });
      expect(await addCaller("blocked")).toMatchObject({ status: 503, body: { code: "outcome_unknown" } });
    });
  });

  it("is found in whatever way RingCentral spells its number", async () => {
    const national = { ...entry(body.label), phoneNumber: "(202) 555-0161", id: "1" };
    service.twin.extension(SEED.extensionId).forwarding.push(national);
    service.twin.faults.add({ operation: "addForwardingNumber", kind: "status", status: 502 });
    expect(await add()).toMatchObject({ status: 201, body: { data: { id: "1" } } });
  });

  it("goes for removing and changing too", async () => {
    const path = { extensionId: "me", forwardingNumberId: SEED.homeForwardingId };
    const token = service.tokens.user;
    service.twin.faults.add({ operation: "updateForwardingNumber", kind: "reset-after-processing" });
    const changed = await invoke(updateForwardingNumber, updateForwardingNumberRoute, {
      token,
      path,
      body: { flipNumber: 7 },
    });
    expect(changed).toMatchObject({ status: 200, body: { data: { flipNumber: 7, label: "Home" } } });
    service.twin.faults.add({ operation: "deleteForwardingNumber", kind: "reset-after-processing" });
    const removed = await invoke(deleteForwardingNumber, deleteForwardingNumberRoute, { token, path });
    expect(removed.status).toBe(204);
  });
});

describe("a change or removal that fails twice", () => {
  const path = { extensionId: "me", forwardingNumberId: SEED.homeForwardingId };
  const change = () =>
    invoke(updateForwardingNumber, updateForwardingNumberRoute, {
      token: service.tokens.user,
      path,
      body: { flipNumber: 7 },
    });
  const remove = () =>
    invoke(deleteForwardingNumber, deleteForwardingNumberRoute, { token: service.tokens.user, path });

  it.each([
    ["updateForwardingNumber", updateForwardingNumberRoute, change],
    ["deleteForwardingNumber", deleteForwardingNumberRoute, remove],
  ] as const)("has an unknown outcome, and may be repeated: %s", async (operation, route, send) => {
    service.twin.faults.add({ operation, times: 2, kind: "status", status: 502 });
    const response = await send();
    expectConforms(route, response);
    expect(response).toMatchObject({ status: 503, body: { code: "outcome_unknown", retryable: true } });
    expect((await send()).status).toBeLessThan(300);
  });
});

describe("Idempotency-Key", () => {
  it("makes a repetition take no effect and get the same response, from any instance", async () => {
    const first = await add("key-1");
    resetRuntime();
    const second = await add("key-1");
    expect(second.body).toEqual(first.body);
    expect(second.headers.location).toBe(first.headers.location);
    expect(second.headers["idempotency-replayed"]).toBe("true");
    expect(first.headers["idempotency-replayed"]).toBeUndefined();
    expect(posts()).toHaveLength(1);
  });

  it("lets one of many at once through", async () => {
    const responses = await Promise.all(Array.from({ length: 8 }, () => add("key-1")));
    expect(responses.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(1);
    for (const { status, body: problem, headers } of responses.filter(({ status }) => status !== 201)) {
      expect([status, problem.code]).toEqual([409, "idempotency_in_progress"]);
      expect(headers["retry-after"]).toBeDefined();
    }
    expect(copies()).toHaveLength(1);
    expect(posts()).toHaveLength(1);
  });

  it("with another request is 422", async () => {
    await add("key-1");
    const other = await add("key-1", { body: { ...body, label: "Boat" } });
    expect(other).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
  });

  it("belongs to its caller and its operation", async () => {
    await add("key-1");
    const otherCaller = await add("key-1", { token: service.tokens.otherUser });
    expect(otherCaller).toMatchObject({ status: 201, body: { data: { phoneNumber: body.phoneNumber } } });
    expect(otherCaller.headers["idempotency-replayed"]).toBeUndefined();
    const otherOperation = await invoke(addBlockedNumber, addBlockedNumberRoute, {
      token: service.tokens.user,
      body,
      headers: { "idempotency-key": "key-1" },
    });
    expect(otherOperation.status).toBe(201);
  });

  it("whose write may still take effect looks for it, and does not send it again", async () => {
    service.twin.faults.add({ operation: "addForwardingNumber", kind: "status", status: 504 });
    for (let n = 0; n < 2; n++) {
      const unknown = await addInHaste("key-1");
      expect(unknown).toMatchObject({ status: 503, body: { code: "outcome_unknown", retryable: true } });
      expect(Number(unknown.headers["retry-after"])).toBeGreaterThanOrEqual(2);
    }
    service.twin.extension(SEED.extensionId).forwarding.push({ ...entry(body.label), id: "1" });
    expect(await add("key-1")).toMatchObject({ status: 201, body: { data: { id: "1" } } });
    expect((await add("key-1")).headers["idempotency-replayed"]).toBe("true");
    expect(posts()).toHaveLength(1);
  });

  it("says that the outcome is unknown when RingCentral cannot be read", async () => {
    service.twin.faults.add({ operation: "addForwardingNumber", kind: "timeout", afterProcessing: true });
    service.twin.faults.add({
      operation: "listForwardingNumbers",
      skip: 2,
      times: 9,
      kind: "status",
      status: 503,
    });
    for (let n = 0; n < 2; n++) {
      const unknown = await addInHaste("key-1");
      expect(unknown).toMatchObject({ status: 503, body: { code: "outcome_unknown", retryable: true } });
    }
    service.twin.faults.clear();
    expect(await add("key-1")).toMatchObject({ status: 201, body: { data: { id: copies()[0]?.id } } });
    expect(posts()).toHaveLength(1);
  });

  it("sends again after two minutes, when the first write cannot take effect any more", async () => {
    service.twin.faults.add({ operation: "addForwardingNumber", kind: "status", status: 504 });
    expect((await addInHaste("key-1")).status).toBe(503);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 130_000 });
    expect(await add("key-1")).toMatchObject({ status: 201, body: { data: { id: copies()[0]?.id } } });
    expect(posts()).toHaveLength(2);
  });

  it("is free again when RingCentral rejected the request", async () => {
    const rejected = await add("key-1", { body: { phoneNumber: SEED.directNumber } });
    expect(rejected).toMatchObject({ status: 409, body: { code: "number_belongs_to_account" } });
    expect((await add("key-1")).status).toBe(201);
  });

  it.each(["", " ", "ü", "x".repeat(256), 'a"b'])("%j is rejected", async (key) => {
    expect(await add(key)).toMatchObject({ status: 400, body: { code: "request_invalid" } });
    expect(posts()).toHaveLength(0);
  });
});

describe("If-Match", () => {
  const path = { extensionId: "me", forwardingNumberId: SEED.mobileForwardingId };
  const change = (ifMatch: string, flipNumber = 4) =>
    invoke(updateForwardingNumber, updateForwardingNumberRoute, {
      token: service.tokens.user,
      path,
      body: { flipNumber },
      headers: { "if-match": ifMatch },
    });

  it("lets a change through while the version is the one named", async () => {
    const first = await change("*");
    const second = await change(first.headers.etag ?? "", 5);
    expect(second).toMatchObject({ status: 200, body: { data: { flipNumber: 5 } } });
    const stale = await change(first.headers.etag ?? "", 6);
    expectConforms(updateForwardingNumberRoute, stale);
    expect(stale).toMatchObject({ status: 412, body: { code: "precondition_failed" } });
    const removed = await invoke(deleteForwardingNumber, deleteForwardingNumberRoute, {
      token: service.tokens.user,
      path,
      headers: { "if-match": first.headers.etag ?? "" },
    });
    expect(removed.status).toBe(412);
    const stored = service.twin
      .extension(SEED.extensionId)
      .forwarding.find(({ id }) => id === path.forwardingNumberId);
    expect(stored?.flipNumber).toBe("5");
  });
});
