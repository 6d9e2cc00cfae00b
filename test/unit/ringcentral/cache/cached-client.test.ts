import { describe, expect, it } from "vitest";
import { deadlineIn } from "../../../../lib/platform/deadline.ts";
import { createMetrics } from "../../../../lib/platform/metrics.ts";
import { RingCentralError, type RingCentralFailure } from "../../../../lib/ringcentral/api/errors.ts";
import type {
  CallContext,
  Operation,
  OperationInput,
  RingCentral,
} from "../../../../lib/ringcentral/api/operation.ts";
import { CachedRingCentral } from "../../../../lib/ringcentral/cache/cached-client.ts";
import { StorageUnavailable } from "../../../../lib/storage/errors.ts";
import { captureLog } from "../../../support/capture-log.ts";
import { leapingClock } from "../../../support/manual-clock.ts";
import { createMemoryRecordStore } from "../../../support/memory-record-store.ts";

const HOUR = 60 * 60_000;
const list: Operation<unknown> = {
  name: "list",
  method: "GET",
  path: "/account/{accountId}/things",
  group: "light",
  scope: "forwarding",
  freshMs: 15_000,
};
const add: Operation<unknown> = { ...list, name: "add", method: "POST" };
const failed = (failure: Partial<RingCentralFailure>) =>
  new RingCentralError({ kind: "unavailable", operation: "call", mayHaveTakenEffect: false, ...failure });

/** RingCentral as a counter of calls: each response is the number of its call. */
function setUp() {
  const clock = leapingClock();
  const records = createMemoryRecordStore();
  let calls = 0;
  let names = 0;
  const counted: string[] = [];
  const upstream: { before(operation: Operation<unknown>): unknown } = { before: () => undefined };
  const ringcentral: RingCentral = {
    async call<Output>(operation: Operation<Output>) {
      calls += 1;
      const number = calls;
      const output = (await upstream.before(operation)) ?? number;
      return output as Output;
    },
  };
  const process = (payer?: string) =>
    new CachedRingCentral({
      ringcentral,
      records,
      clock,
      random: () => 0.5,
      nonce: () => `n${names++}`,
      sealingKey: async () => new Uint8Array(32),
      metrics: { ...createMetrics({ write: () => {} }), count: (name: string) => void counted.push(name) },
      ...(payer !== undefined && { payer }),
    });
  const [one, other] = [process(), process()];
  const context = (more: Partial<CallContext>): CallContext => ({
    accountId: "1",
    requestId: "r",
    log: captureLog().log,
    deadline: deadlineIn(10_000, clock, 0),
    ...more,
  });
  const inputOf = (extensionId: string, query = {}): OperationInput => ({ path: { extensionId }, query });
  const read = (more: Partial<CallContext> = {}, input = inputOf("101"), by = other) =>
    by.call(list, input, context(more));
  const write = (by = one) => by.call(add, { ...inputOf("101"), body: {} }, context({}));
  const fail = (failure: Partial<RingCentralFailure>) => {
    upstream.before = () => Promise.reject(failed(failure));
  };
  const recover = () => {
    upstream.before = () => undefined;
  };
  return {
    clock,
    records,
    upstream,
    process,
    read,
    write,
    fail,
    recover,
    inputOf,
    counted,
    calls: () => calls,
  };
}

describe("a cached response", () => {
  it("serves every process while it is fresh, counted from the request", async () => {
    const { clock, upstream, read, process, inputOf, recover } = setUp();
    upstream.before = () => void clock.leap(5_000);
    expect(await read()).toBe(1);
    recover();
    clock.leap(10_000);
    expect(await read({}, inputOf("101"), process())).toBe(1);
    clock.leap(1);
    expect(await read({}, inputOf("101"), process())).toBe(2);
  });

  it("is one extension's, account's, query's and payer's", async () => {
    const { read, process, inputOf, calls } = setUp();
    await read();
    await read({}, inputOf("102"));
    await read({}, inputOf("101", { page: 2 }));
    await read({ accountId: "2" });
    await read({}, inputOf("101"), process("101"));
    await read({}, { path: { extensionId: "101", id: "7" } });
    expect(calls()).toBe(6);
    await read();
    expect(calls()).toBe(6);
  });

  it("is no one else's after a write of theirs, and stays for other extensions and accounts", async () => {
    const { read, write, inputOf, calls } = setUp();
    await read();
    await read({}, inputOf("102"));
    await read({ accountId: "2" });
    await write();
    expect(await read()).toBe(5);
    await read({}, inputOf("102"));
    await read({ accountId: "2" });
    await read();
    expect(calls()).toBe(5);
  });

  it("is kept from the table's readers, from other records and other releases", async () => {
    const { clock, records, upstream, read, process, inputOf, calls } = setUp();
    upstream.before = () => "+12025550123";
    await read();
    await read({}, inputOf("102"));
    expect(JSON.stringify(records.dump())).not.toContain("555");
    const [one, two] = records.dump().filter(({ key }) => key.sort.startsWith("response#"));
    if (one === undefined || two === undefined) throw new Error("not stored");
    expect(one.expiresAt).toBe(clock.now() + 24 * HOUR);
    for (const json of [one.json, two.json.replace(/"release":"[^"]*"/, '"release":"0"'), "{}"]) {
      records.plant(two.key, two.version, json);
      const before = calls();
      await read({}, inputOf("102"), process());
      expect(calls()).toBe(before + 1);
    }
  });

  it("is not made of a response that is incomplete, nor where the caller forbids it", async () => {
    const { upstream, read, calls, recover } = setUp();
    upstream.before = () => ({ records: [], skippedRecords: 1 });
    await read();
    recover();
    await read({ freshness: { noStore: true } });
    await read();
    expect(calls()).toBe(3);
  });

  it("is neither a forced read's, a sync's, nor older than the caller allows", async () => {
    const { clock, read, calls } = setUp();
    await read();
    clock.leap(1_000);
    await read({ freshness: { maxAgeMs: 0 } });
    await read({ priority: "sync" });
    await read({ fresh: true });
    clock.leap(2_000);
    await read({ freshness: { maxAgeMs: 1_000 } });
    expect(calls()).toBe(5);
  });
});

describe("a failure of RingCentral", () => {
  it.each([
    ["an hour", { kind: "unavailable" }, HOUR],
    ["a day in limited mode", { kind: "limited_mode" }, 24 * HOUR],
  ] as const)("is replaced by a response of up to %s", async (_, failure, mostMs) => {
    const { clock, read, fail } = setUp();
    await read();
    fail(failure);
    clock.leap(mostMs);
    expect(await read()).toBe(1);
    clock.leap(1);
    await expect(read()).rejects.toThrow(RingCentralError);
  });

  it("is told when it is a rejection, and where the caller wants no stale response", async () => {
    const { clock, read, fail } = setUp();
    await read();
    clock.leap(20_000);
    fail({ kind: "rejected", status: 403 });
    await expect(read()).rejects.toThrow(RingCentralError);
    fail({});
    await expect(read({ freshness: { staleIfErrorMs: 0 } })).rejects.toThrow(RingCentralError);
    expect(await read()).toBe(1);
  });

  it("beyond the caller's share is replaced in a forced read by a response of the last minute", async () => {
    const { clock, read, fail } = setUp();
    await read();
    const share = { of: "caller", group: "light", limit: 1, windowSeconds: 60 } as const;
    fail({ kind: "rate_limited", share });
    const forced = { freshness: { maxAgeMs: 0 } };
    clock.leap(60_000);
    expect(await read(forced)).toBe(1);
    clock.leap(1);
    await expect(read(forced)).rejects.toThrow(RingCentralError);
  });
});

describe("a write", () => {
  it("keeps reads live from before it is sent until it has ended", async () => {
    const { upstream, read, write, calls } = setUp();
    await read();
    let during: unknown;
    upstream.before = async ({ method }) => {
      if (method === "POST") during = await read();
    };
    await write();
    expect(during).toBe(3);
    // What was read meanwhile is not kept.
    expect(await read()).toBe(4);
    expect(await read()).toBe(4);
    expect(calls()).toBe(4);
  });

  it("that is rejected leaves the cached responses as they were", async () => {
    const { read, write, fail, calls } = setUp();
    await read();
    fail({ kind: "rejected", status: 400 });
    await expect(write()).rejects.toThrow(RingCentralError);
    expect(await read()).toBe(1);
    expect(calls()).toBe(2);
  });

  it("whose outcome is unknown keeps reads live as long as RingCentral may complete it", async () => {
    const { clock, read, write, fail, recover, calls } = setUp();
    const deadlineAt = clock.now() + 10_000;
    fail({ kind: "timeout", mayHaveTakenEffect: true });
    await expect(write()).rejects.toThrow(RingCentralError);
    recover();
    clock.leap(deadlineAt + 120_000 + 4_999 - clock.now());
    await read();
    await read();
    expect(calls()).toBe(3);
    clock.leap(1);
    await read();
    await read();
    expect(calls()).toBe(4);
  });

  it("after which the cache could not be invalidated is counted, unless RingCentral rejected it", async () => {
    const { records, write, fail, counted } = setUp();
    records.faults.before = () => Promise.reject(new StorageUnavailable("away"));
    const failures = () => counted.filter((name) => name === "CacheInvalidationFailures").length;
    await write();
    expect(failures()).toBe(1);
    fail({ kind: "timeout", mayHaveTakenEffect: true });
    await write().catch(() => {});
    expect(failures()).toBe(2);
    fail({ kind: "rejected" });
    await write().catch(() => {});
    expect(failures()).toBe(2);
  });
});
