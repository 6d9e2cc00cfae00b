import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { handler as changeNumbers } from "../../functions/extensions/change-caller-blocking-numbers.ts";
import { changeCallerBlockingNumbersRoute } from "../../lib/contract/caller-blocking-batch.ts";
import { invoke } from "../support/api-gateway.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { type Service, startService } from "../support/service.ts";
import { SEED } from "../twin/twin.ts";

let service: Service;
beforeEach(async () => {
  service = await startService();
});
afterEach(() => service.stop());

async function sendBody(body: unknown, headers = {}) {
  const request = { token: service.tokens.user, headers, body };
  const response = await invoke(changeNumbers, changeCallerBlockingNumbersRoute, request);
  expectConforms(changeCallerBlockingNumbersRoute, response);
  return response;
}
const send = (items: object[], key: string) => sendBody({ items }, { "idempotency-key": key });
const number = (index: number) => `+1202555${String(2000 + index)}`;
const many = <Item>(count: number, make: (index: number) => Item) =>
  Array.from({ length: count }, (_, index) => make(index));
const stored = () => service.twin.extension(SEED.extensionId).callerBlocking;
const count = ({ body }: Awaited<ReturnType<typeof send>>, outcome: string) =>
  body.data.items.filter((item: { outcome: string }) => item.outcome === outcome).length;
const writes = () => service.sent().filter(({ method }) => method !== "GET");

describe("a batch", () => {
  it("that was cut in the middle is completed by its repetition, each item done once, and then replayed", async () => {
    const items = many(20, (index) => ({ action: "add", phoneNumber: number(index), label: "Spam" }));
    service.twin.faults.add({ operation: "addCallerBlockingNumber", skip: 12, kind: "status", status: 423 });
    const first = await send(items, "key-1");
    expect(first).toMatchObject({ status: 200, body: { data: { complete: false } } });
    expect(first.headers["retry-after"]).toBe(String(first.body.data.retryAfter));
    expect([count(first, "done"), count(first, "not_started")]).toEqual([12, 8]);
    expect((await send(items.slice(1), "key-1")).body.code).toBe("idempotency_key_reused");
    // What it is known to have done is not done again, also when another client has undone it.
    stored().splice(
      stored().findIndex(({ phoneNumber }) => phoneNumber === number(0)),
      1,
    );
    const last = await send(items, "key-1");
    expect(last.headers["retry-after"]).toBeUndefined();
    expect([last.body.data.complete, count(last, "done")]).toEqual([true, 20]);
    expect(writes()).toHaveLength(21);
    const replayed = await send(items, "key-1");
    expect(replayed.body).toEqual(last.body);
    expect(replayed.headers["idempotency-replayed"]).toBe("true");
  });

  it("has room for 100 of the longest items, and no more", async () => {
    const item = { action: "add", phoneNumber: "+1202", country: "US", label: "x", status: "blocked" };
    const text = (length: number) =>
      JSON.stringify({ items: many(length, () => item) }).replaceAll('"x"', `"${"\\u260e".repeat(60)}"`);
    const longest = await sendBody(text(100));
    expect([longest.status, count(longest, "rejected")]).toEqual([200, 100]);
    expect(await sendBody(text(101))).toMatchObject({
      status: 400,
      body: { errors: [{ field: "items", detail: "Must have at most 100 items." }] },
    });
    expect(await sendBody(text(150))).toMatchObject({ status: 413 });
  });
});

describe("removals of a batch", () => {
  it.each(["as-asked", "multipart", "no-bodies"] as const)(
    "are one call, whatever the form of the outcomes: %s",
    async (bulkResponse) => {
      service.twin.configure({ bulkResponse });
      const items = stored().map(({ phoneNumber }) => ({ action: "remove", phoneNumber }));
      // Another client is faster: so the response has parts.
      service.twin.faults.add({ operation: "deleteCallerBlockingNumber", kind: "delay", ms: 50 });
      const sending = send(items, "key-1");
      await expect.poll(writes, { interval: 2 }).toHaveLength(1);
      stored().splice(0, 1);
      const first = await sending;
      const last = first.body.data.complete ? first : await send(items, "key-1");
      expect(count(last, "done")).toBe(items.length);
      expect(stored()).toHaveLength(0);
    },
  );
});
