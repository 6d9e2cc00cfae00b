import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import { addBlockedNumberRoute } from "../../lib/contract/blocked-numbers.ts";
import { listForwardingNumbersRoute } from "../../lib/contract/forwarding-numbers.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { startFaultProxy } from "../processes/fault-proxy.ts";
import { invoke } from "../support/api-gateway.ts";
import { type Service, startService } from "../support/service.ts";

let service: Service;
beforeEach(async () => {
  service = await startService();
});
afterEach(() => service.stop());

const read = () =>
  invoke(listForwardingNumbers, listForwardingNumbersRoute, {
    token: service.tokens.user,
    headers: { "cache-control": "no-cache" },
  });
const write = (headers: Record<string, string> = {}) =>
  invoke(addBlockedNumber, addBlockedNumberRoute, {
    token: service.tokens.user,
    headers,
    body: { phoneNumber: "+12135550177" },
  });

describe("without the table", () => {
  it("reads and writes of an instance with a token succeed", async () => {
    expect((await read()).status).toBe(200);
    await service.dynamodb.close();
    expect((await read()).status).toBe(200);
    expect((await write()).status).toBe(201);
  });

  it("an instance that starts during the outage says that the storage is away, and does not log in", async () => {
    await service.dynamodb.close();
    resetRuntime();
    const response = await read();
    expect(response).toMatchObject({ status: 503, body: { code: "storage_unavailable" } });
    expect(Number(response.headers["retry-after"])).toBe(2);
    expect(service.sent()).toEqual([]);
  });

  it("a process that is alone spends two fifths of a budget, then says that the storage is away", async () => {
    await read();
    await service.dynamodb.close();
    const statuses: number[] = [];
    for (let call = 0; call < 22; call += 1) statuses.push((await read()).status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    const rejected = await read();
    expect(rejected).toMatchObject({ status: 503, body: { code: "storage_unavailable", retryable: true } });
    expect(Number(rejected.headers["retry-after"])).toBeGreaterThan(0);
  });

  it("a process of a large fleet waits for its turn, and says that the storage is away", async () => {
    process.env.FLEET_SIZE = "100000";
    resetRuntime();
    await read();
    await service.dynamodb.close();
    expect(await read()).toMatchObject({ status: 503, body: { code: "storage_unavailable" } });
    const lists = service.sent().filter(({ path }) => path.endsWith("/forwarding-number"));
    expect(lists).toHaveLength(1);
  });

  it("a 429 of RingCentral is told as such", async () => {
    await read();
    await service.dynamodb.close();
    service.twin.faults.add({
      operation: "listForwardingNumbers",
      kind: "status",
      status: 429,
      errorCode: "CMN-301",
      headers: { "Retry-After": "60", "X-Rate-Limit-Group": "light" },
    });
    expect(await read()).toMatchObject({ status: 503, body: { code: "upstream_rate_limited" } });
    expect(await read()).toMatchObject({ status: 503, body: { code: "upstream_rate_limited" } });
  });

  it("a write with an idempotency key is rejected and not sent", async () => {
    await read();
    await service.dynamodb.close();
    const before = service.sent().length;
    const response = await write({ "idempotency-key": "3f0c8f6a-6c55-4d0e-9a51-3b1f0f3f2a10" });
    expect(response).toMatchObject({ status: 503, body: { code: "storage_unavailable" } });
    expect(service.sent()).toHaveLength(before);
  });
});

describe("with a table that responds late", () => {
  async function slowTable(ms: number) {
    const proxy = await startFaultProxy({ random: Math.random });
    proxy.aimAt(service.dynamodb.url);
    onTestFinished(() => proxy.close());
    process.env.AWS_ENDPOINT_URL_DYNAMODB = proxy.url;
    resetRuntime();
    expect((await read()).status).toBe(200);
    proxy.set({ kind: "delay", ms });
    return proxy;
  }

  it("a write with an idempotency key is told so, and is not sent", async () => {
    const proxy = await slowTable(700);
    const before = service.sent().length;
    const response = await write({ "idempotency-key": "3f0c8f6a-6c55-4d0e-9a51-3b1f0f3f2a11" });
    expect(response).toMatchObject({ status: 503, body: { code: "storage_unavailable", retryable: true } });
    expect(Number(response.headers["retry-after"])).toBe(2);
    // The key is read and taken; nothing after it is tried.
    expect(proxy.struck.delay).toBeLessThanOrEqual(2);
    expect(service.sent()).toHaveLength(before);
  });

  it("reads and writes without a key succeed", async () => {
    await slowTable(5_000);
    // The process knows that the table is away after 0.5 s. A busy machine may need more than the wait leaves for that.
    const first = await read();
    if (first.status !== 200)
      expect(first).toMatchObject({ status: 503, body: { code: "storage_unavailable" } });
    expect((await read()).status).toBe(200);
    expect((await write()).status).toBe(201);
  });
});
