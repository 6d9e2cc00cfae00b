import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as addForwardingNumber } from "../../functions/extensions/add-forwarding-number.ts";
import { handler as deleteForwardingNumber } from "../../functions/extensions/delete-forwarding-number.ts";
import { handler as updateForwardingNumber } from "../../functions/extensions/update-forwarding-number.ts";
import { addBlockedNumberRoute } from "../../lib/contract/blocked-numbers.ts";
import {
  addForwardingNumberRoute,
  deleteForwardingNumberRoute,
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
afterEach(() => service.stop());

const body = { phoneNumber: "+12025550161", label: "Cabin" };

async function add(key?: string, more: TestRequest = {}) {
  const answer = await invoke(addForwardingNumber, addForwardingNumberRoute, {
    token: service.tokens.user,
    body,
    headers: key === undefined ? {} : { "idempotency-key": key },
    ...more,
  });
  expectConforms(addForwardingNumberRoute, answer);
  return answer;
}

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
      const answer = await add();
      expect(answer).toMatchObject({ status: 201, body: { data: { ...body, id: copies()[0]?.id } } });
      expect(copies()).toHaveLength(1);
      expect(posts()).toHaveLength(1);
    },
  );

  it("is sent again when RingCentral dropped it without effect", async () => {
    service.twin.faults.add({ operation: "addForwardingNumber", kind: "reset" });
    expect((await add()).status).toBe(201);
    expect(copies()).toHaveLength(1);
    expect(posts()).toHaveLength(2);
  });

  it("that may still be in progress is not sent again: 504, the outcome unknown", async () => {
    service.twin.faults.add({ operation: "addForwardingNumber", kind: "timeout" });
    const answer = await add(undefined, { remainingMs: 5_500 });
    expect(answer).toMatchObject({ status: 504, body: { code: "upstream_timeout", retryable: true } });
    expect(posts()).toHaveLength(1);
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
    const answers = await Promise.all(Array.from({ length: 8 }, () => add("key-1")));
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(1);
    for (const { status, body: problem, headers } of answers.filter(({ status }) => status !== 201)) {
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

  it("that ended in a timeout resolves by looking first", async () => {
    service.twin.faults.add({ operation: "addForwardingNumber", kind: "timeout", afterProcessing: true });
    service.twin.faults.add({ operation: "listForwardingNumbers", times: 9, kind: "status", status: 503 });
    expect((await add("key-1", { remainingMs: 5_500 })).status).toBe(504);
    service.twin.faults.clear();
    const again = await add("key-1");
    expect(again).toMatchObject({ status: 201, body: { data: { id: copies()[0]?.id } } });
    expect(copies()).toHaveLength(1);
    expect(posts()).toHaveLength(1);
  });

  it("is free again when RingCentral rejected the request", async () => {
    const refused = await add("key-1", { body: { phoneNumber: SEED.directNumber } });
    expect(refused).toMatchObject({ status: 409, body: { code: "number_belongs_to_account" } });
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
