import { describe, expect, it } from "vitest";
import { deadlineIn } from "../../../../lib/platform/deadline.ts";
import type { CallContext, Operation } from "../../../../lib/ringcentral/api/operation.ts";
import { CachedRingCentral } from "../../../../lib/ringcentral/cache/cached-client.ts";
import { createTableWait } from "../../../../lib/storage/table-wait.ts";
import { captureLog } from "../../../support/capture-log.ts";
import { manualClock } from "../../../support/manual-clock.ts";
import { createMemoryRecordStore } from "../../../support/memory-record-store.ts";

const UNIT_MS = 50;
const read: Operation<unknown> = {
  name: "readRegister",
  method: "GET",
  path: "/account/{accountId}/register",
  group: "light",
  scope: "forwarding",
  freshMs: 15_000,
};
const write: Operation<unknown> = { ...read, name: "writeRegister", method: "POST" };

/** A register stands for RingCentral; table and register respond after 50 ms each. */
function setUp() {
  const clock = manualClock();
  let [count, names] = [0, 0];
  const sent: { name: string; at: number; flight: string | undefined }[] = [];
  const table = { nextMs: UNIT_MS };
  const before = () => {
    const tookMs = table.nextMs;
    table.nextMs = UNIT_MS;
    return clock.sleep(tookMs);
  };
  const records = createMemoryRecordStore({ before });
  const process = (respondMs = () => UNIT_MS) =>
    new CachedRingCentral({
      sealingKey: async () => new Uint8Array(32),
      ringcentral: {
        async call<Output>({ name, method }: Operation<Output>, _: unknown, { flight }: CallContext) {
          sent.push({ name, at: clock.now(), flight });
          count += method === "GET" ? 0 : 1;
          const output = { count };
          await clock.sleep(respondMs());
          return output as Output;
        },
      },
      records,
      clock,
      random: () => 0.5,
      nonce: () => `name-${names++}`,
    });
  const context = (more: Partial<CallContext> = {}): CallContext => ({
    accountId: "1",
    deadline: deadlineIn(60_000, clock, 0),
    requestId: "r",
    log: captureLog().log,
    ...more,
  });
  const call = (
    client: CachedRingCentral,
    operation: Operation<unknown>,
    more?: Partial<CallContext>,
    page = 1,
  ) => client.call(operation, { path: { extensionId: "2" }, query: { page } }, context(more));
  const forced = { freshness: { maxAgeMs: 0 } };
  return { clock, table, sent, process, call, done: clock.run, forced };
}

describe("a forced read", () => {
  it("leaves at once when its process knows the epoch, and its response is stored", async () => {
    const { clock, sent, process, call, done, forced } = setUp();
    const client = process();
    await done(call(client, read, forced));
    const since = clock.now();
    const reading = call(client, read, forced);
    await clock.advance(0);
    expect(sent.map(({ at }) => at - since)).toEqual([expect.any(Number), 0]);
    await done(reading);
    // Another process is served what this one has stored last.
    let asOf = 0;
    await done(
      call(process(), read, { onReading: (told) => (asOf = told.source === "cache" ? told.asOf : 0) }),
    );
    expect(asOf).toBe(since);
  });

  it("takes no valid response's place when its process knows a former epoch only", async () => {
    const { sent, process, call, done, forced } = setUp();
    const [client, other] = [process(), process()];
    await done(call(client, read, forced, 2));
    await done(call(other, write));
    await done(call(other, read));
    await done(call(client, read, forced));
    expect(await done(call(process(), read))).toEqual({ count: 1 });
    expect(sent).toHaveLength(4);
  });

  it("hides no write that begins after it has left, and ends before its epoch is there", async () => {
    const { table, sent, process, call, done, forced } = setUp();
    const [client, other] = [process(), process()];
    await done(call(client, read, forced));
    table.nextMs = 10 * UNIT_MS;
    const reading = call(client, read, forced);
    await done(call(other, write));
    expect(await done(reading)).toEqual({ count: 0 });
    expect(sent.map(({ name }) => name)).toEqual(["readRegister", "readRegister", "writeRegister"]);
    for (const one of [client, other]) expect(await done(call(one, read))).toEqual({ count: 1 });
  });

  it("joins one under way only after it has learnt that no write has begun since", async () => {
    const { sent, process, call, done, forced } = setUp();
    const client = process(() => 10 * UNIT_MS);
    await done(call(client, read, forced));
    await done(Promise.all([call(client, read, forced), call(client, read, forced)]));
    const [, first, second] = sent.map(({ flight }) => flight);
    expect(second).toBe(first);
    await done(call(process(), write));
    await done(Promise.all([call(client, read, forced), call(client, read, forced)]));
    const [, , , , third, fourth] = sent.map(({ flight }) => flight);
    expect(fourth).not.toBe(third);
    expect(new Set([first, third, fourth]).size).toBe(3);
  });
});

describe("a stored response", () => {
  it("is not replaced by an older one", async () => {
    const { clock, process, call, done, forced } = setUp();
    const [slow, quick] = [process(() => 20 * UNIT_MS), process()];
    const reading = call(slow, read);
    await clock.advance(5 * UNIT_MS);
    const since = clock.now();
    await done(call(quick, read, forced));
    await done(reading);
    let asOf = 0;
    await done(call(process(), read, { onReading: (told) => (asOf = told.asOf) }));
    expect(asOf).toBeGreaterThanOrEqual(since);
  });

  it("is not replaced by an older one of its own process", async () => {
    const { clock, process, call, done, forced } = setUp();
    let respondMs = 20 * UNIT_MS;
    const client = process(() => respondMs);
    const reading = call(client, read);
    await clock.advance(5 * UNIT_MS);
    respondMs = UNIT_MS;
    const since = clock.now();
    await done(call(client, read, forced));
    await done(reading);
    let asOf = 0;
    await done(call(client, read, { onReading: (told) => (asOf = told.asOf) }));
    expect(asOf).toBeGreaterThanOrEqual(since);
  });
});

describe("a rehearsed read", () => {
  it("sends nothing, and what it found is used once, by the request that began before", async () => {
    const { clock, sent, process, call, done } = setUp();
    await done(call(process(), read));
    const client = process();
    const tableWait = createTableWait(clock);
    const rehearsal = call(client, read, { tableWait, isRehearsal: true });
    await clock.advance(UNIT_MS);
    await rehearsal;
    const timed = async (more?: Partial<CallContext>) => {
      const since = clock.now();
      const running = call(client, read, more).then(() => clock.now());
      return (await done(running)) - since;
    };
    expect(await timed({ tableWait })).toBe(0);
    expect(await timed({ tableWait })).toBeGreaterThan(0);
    expect(sent).toHaveLength(2);
  });
});
