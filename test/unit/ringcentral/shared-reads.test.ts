import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { outOfTime, RingCentralError } from "../../../lib/ringcentral/api/errors.ts";
import type { CallContext, OperationInput, RingCentral } from "../../../lib/ringcentral/api/operation.ts";
import { addForwardingNumber, listForwardingNumbers } from "../../../lib/ringcentral/api/operations.ts";
import { CachedRingCentral } from "../../../lib/ringcentral/cache/cached-client.ts";
import { createRingCentral } from "../../../lib/ringcentral/client.ts";
import type { HttpRequest, HttpResponse } from "../../../lib/ringcentral/http/transport.ts";
import { StorageUnavailable } from "../../../lib/storage/errors.ts";
import { captureLog } from "../../support/capture-log.ts";
import { type ManualClock, manualClock } from "../../support/manual-clock.ts";
import { createMemoryRecordStore } from "../../support/memory-record-store.ts";

/** An upstream that takes `msOf` a request and observes the caller's deadline. */
function setUp(msOf: number | ((request: HttpRequest) => number), clock: ManualClock = manualClock()) {
  const sent: HttpRequest[] = [];
  const inFlight = { now: 0, most: 0 };
  const client = createRingCentral({
    clock,
    random: () => 0,
    tokens: {
      get: async () => ({
        value: "t",
        generation: 1,
        expiresAt: Number.MAX_SAFE_INTEGER,
        server: "https://x.test",
      }),
      reject: () => undefined,
    },
    rateLimiter: { admit: async () => ({ observe: async () => undefined, release: async () => undefined }) },
    transport: {
      async send(request): Promise<HttpResponse> {
        sent.push(request);
        const tookMs = typeof msOf === "number" ? msOf : msOf(request);
        inFlight.now += 1;
        inFlight.most = Math.max(inFlight.most, inFlight.now);
        const timeLeftMs = request.deadline.remainingMs();
        await clock.sleep(Math.min(tookMs, timeLeftMs));
        inFlight.now -= 1;
        if (timeLeftMs < tookMs) throw outOfTime(request.operation);
        const records = [{ id: String(sent.length), label: request.url.pathname + request.url.search }];
        return { status: 200, headers: {}, body: JSON.stringify({ id: "1", records }) };
      },
    },
  });
  const { log } = captureLog();
  const read = (input: OperationInput, withinMs: number, more: Partial<CallContext> = {}) =>
    client.call(listForwardingNumbers, input, {
      accountId: "3700111",
      deadline: deadlineIn(withinMs, clock, 0),
      requestId: "r",
      log,
      ...more,
    });
  return { client, clock, sent, inFlight, read, log };
}

const path = { extensionId: "3800222" };

describe("identical reads in flight", () => {
  it("share one exchange, and each gets its own result", async () => {
    const { clock, sent, read } = setUp(100);
    const reads = Array.from({ length: 50 }, () => read({ path, query: { page: 1, perPage: 100 } }, 5_000));
    await clock.advance(100);
    const results = await Promise.all(reads);
    expect(sent).toHaveLength(1);
    expect(new Set(results.map((list) => list.records[0]?.id))).toEqual(new Set(["1"]));
    expect(results[0]).not.toBe(results[1]);
  });

  it("are identical whatever the order of their parts", async () => {
    const { clock, sent, read } = setUp(100);
    const reads = [
      read({ path, query: { page: 1, perPage: 100 } }, 5_000),
      read({ query: { perPage: 100, page: 1 }, path }, 5_000, { priority: "interactive" }),
    ];
    await clock.advance(100);
    await Promise.all(reads);
    expect(sent).toHaveLength(1);
  });

  it("share nothing with another extension, account, page, priority or caller, nor a live read with any", async () => {
    const { clock, sent, read } = setUp(100);
    const query = { page: 1 };
    const reads = [
      read({ path, query }, 5_000),
      read({ path: { extensionId: "3800223" }, query }, 5_000),
      read({ path, query: { page: 2 } }, 5_000),
      read({ path }, 5_000),
      read({ path, query }, 5_000, { accountId: "3700112" }),
      read({ path, query }, 5_000, { priority: "sync" }),
      read({ path, query }, 5_000, { spender: { caller: "ana" } }),
      read({ path, query }, 5_000, { fresh: true }),
    ];
    await clock.advance(100);
    await Promise.all(reads);
    expect(sent).toHaveLength(8);
  });

  it("end with their response: the next read is sent again", async () => {
    const { clock, sent, read } = setUp(100);
    for (let i = 1; i <= 2; i += 1) {
      const pending = read({ path }, 5_000);
      await clock.advance(100);
      expect((await pending).records[0]?.id).toBe(String(i));
    }
    expect(sent).toHaveLength(2);
  });

  it.each([
    { table: "works", faults: {} },
    { table: "is away", faults: { before: () => Promise.reject(new StorageUnavailable("away")) } },
  ])("are not joined by a read that begins after a write, when the table $table", async ({ faults }) => {
    const { client, clock, sent, log } = setUp(({ method }) => (method === "GET" ? 2_000 : 100));
    let names = 0;
    const cached = new CachedRingCentral({
      sealingKey: async () => new Uint8Array(32),
      ringcentral: client,
      records: createMemoryRecordStore(faults),
      clock,
      random: () => 0.5,
      nonce: () => `name-${names++}`,
    });
    const context = () => ({ accountId: "1", deadline: deadlineIn(5_000, clock, 0), requestId: "r", log });
    const reads = [cached.call(listForwardingNumbers, { path }, context())];
    await clock.advance(10);
    const write = cached.call(addForwardingNumber, { path, body: {} }, context());
    await clock.advance(100);
    await write;
    reads.push(cached.call(listForwardingNumbers, { path }, context()));
    await clock.advance(2_000);
    await Promise.all(reads);
    expect(sent.map(({ method }) => method)).toEqual(["GET", "POST", "GET"]);
  });

  it("are not joined by a read that begins after the write of another process", async () => {
    const clock = manualClock();
    const records = createMemoryRecordStore();
    let names = 0;
    const process = (ringcentral: RingCentral) => {
      const nonce = () => `name-${names++}`;
      const sealingKey = async () => new Uint8Array(32);
      return new CachedRingCentral({ sealingKey, ringcentral, records, clock, random: () => 0.5, nonce });
    };
    const [reader, writer] = [setUp(2_000, clock), setUp(100, clock)];
    const { log } = reader;
    const context = () => ({ accountId: "1", deadline: deadlineIn(5_000, clock, 0), requestId: "r", log });
    const [one, other] = [process(reader.client), process(writer.client)];
    const read = () => one.call(listForwardingNumbers, { path }, context());
    const write = () => other.call(addForwardingNumber, { path, body: {} }, context());
    const reads = [read()];
    await clock.advance(10);
    const writes = [write()];
    await clock.advance(100);
    reads.push(read());
    // Each of the next two begins while a write is under way, and another one has ended between them.
    writes.push(write());
    await clock.advance(10);
    reads.push(read());
    await clock.advance(100);
    writes.push(write());
    await clock.advance(10);
    reads.push(read());
    await clock.advance(2_000);
    await Promise.all([...reads, ...writes]);
    expect(reader.sent).toHaveLength(4);
  });

  it("are reads only: each write is sent", async () => {
    const { client, clock, sent, log } = setUp(100);
    const deadline = deadlineIn(5_000, clock, 0);
    const write = () =>
      client.call(addForwardingNumber, { path, body: {} }, { accountId: "1", deadline, requestId: "r", log });
    const writes = [write(), write()];
    await clock.advance(100);
    await Promise.all(writes);
    expect(sent).toHaveLength(2);
  });

  it("end for each caller at its own deadline, and continue for the others", async () => {
    const { clock, sent, read } = setUp(1_000);
    const relaxed = read({ path }, 5_000);
    const rushed = read({ path }, 300).catch((error: unknown) => error);
    await clock.advance(300);
    const error = await rushed;
    if (!(error instanceof RingCentralError)) throw new Error("expected a RingCentralError");
    expect(error.failure).toMatchObject({
      kind: "timeout",
      operation: "listForwardingNumbers",
      deadlineExceeded: true,
    });
    await clock.advance(700);
    expect((await relaxed).records).toHaveLength(1);
    expect(sent).toHaveLength(1);
  });

  it("that began with little time do not fail callers with more", async () => {
    const { clock, sent, read } = setUp(1_000);
    const rushed = read({ path }, 300).catch((error: unknown) => error);
    const relaxed = Array.from({ length: 5 }, () => read({ path }, 5_000));
    await clock.advance(300);
    expect(await rushed).toBeInstanceOf(RingCentralError);
    await clock.advance(1_000);
    expect(await Promise.all(relaxed)).toHaveLength(5);
    expect(sent).toHaveLength(2);
  });

  it("serve every caller with time for a whole exchange, none past its deadline, and with one exchange at a time", async () => {
    const arrivals = fc.array(fc.record({ after: fc.nat(400), within: fc.integer({ min: 1, max: 900 }) }), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 200 }), async (readers, tookMs) => {
        const clock = manualClock(0);
        const { sent, inFlight, read } = setUp(tookMs, clock);
        const outcomes = readers.map(async ({ after, within }) => {
          await clock.sleep(after);
          const result = await read({ path }, within).then(
            () => "responded",
            (error: unknown) => error,
          );
          return { result, waited: clock.now() - after, within };
        });
        await clock.advance(10_000);
        for (const { result, waited, within } of await Promise.all(outcomes)) {
          expect(waited).toBeLessThanOrEqual(within);
          if (result !== "responded") {
            expect(result).toBeInstanceOf(RingCentralError);
            // In the worst case every other reader led an exchange that failed just before its end.
            expect(within).toBeLessThan(readers.length * tookMs);
          }
        }
        expect(sent.length).toBeLessThanOrEqual(readers.length);
        expect(inFlight.most).toBe(1);
      }),
      { numRuns: Number(process.env.DEEP_RUNS ?? 200) },
    );
  });
});
