import { describe, expect, it } from "vitest";
import { type Change, Writer, type WriterRecord } from "../../../../lib/numbers/forwarding/writer.ts";
import { deadlineIn } from "../../../../lib/platform/deadline.ts";
import { StorageUnavailable } from "../../../../lib/storage/errors.ts";
import { manualClock } from "../../../support/manual-clock.ts";
import { createMemoryRecordStore, type MemoryRecordStore } from "../../../support/memory-record-store.ts";
import { NOW, numbersRequest } from "../fake-ringcentral.ts";

const key = { partition: "forwarding#3700111#3800222", sort: "writer" };
const MINUTE = 60_000;
const change: Change = { first: "rules", ring: { key: "number:+12025550161", rules: [] } };

type State =
  | "free"
  | "released"
  | "held"
  | "held, half done"
  | "lapsed, half done"
  | "lapsed, too old"
  | "shut";
type Event = "another takes it" | "its holder begins a change" | "its holder releases it";

const half = { change, changeUntil: NOW + MINUTE };
const states: Record<State, WriterRecord | undefined> = {
  free: undefined,
  released: { leaseUntil: 0 },
  held: { leaseUntil: NOW + MINUTE },
  "held, half done": { leaseUntil: NOW + MINUTE, ...half },
  "lapsed, half done": { leaseUntil: NOW - 6_000, ...half },
  shut: { leaseUntil: NOW + 2 * MINUTE, ...half },
  "lapsed, too old": { leaseUntil: NOW - 6_000, change, changeUntil: NOW },
};

/** What the one who acts gets. "fenced off": another process has taken the lease meanwhile. */
const table: Record<State, Record<Event, string>> = {
  free: {
    "another takes it": "the lease",
    "its holder begins a change": "the change is recorded",
    "its holder releases it": "released",
  },
  released: {
    "another takes it": "the lease",
    "its holder begins a change": "fenced off",
    "its holder releases it": "as it was",
  },
  held: {
    "another takes it": "upstream_locked",
    "its holder begins a change": "fenced off",
    "its holder releases it": "as it was",
  },
  "held, half done": {
    "another takes it": "upstream_locked",
    "its holder begins a change": "fenced off",
    "its holder releases it": "as it was",
  },
  "lapsed, half done": {
    "another takes it": "the lease and the change",
    "its holder begins a change": "fenced off",
    "its holder releases it": "as it was",
  },
  shut: {
    "another takes it": "upstream_locked",
    "its holder begins a change": "fenced off",
    "its holder releases it": "as it was",
  },
  "lapsed, too old": {
    "another takes it": "the lease",
    "its holder begins a change": "fenced off",
    "its holder releases it": "as it was",
  },
};

const read = async (records: MemoryRecordStore) => (await records.read<WriterRecord>(key))?.value;

async function play(state: State, event: Event): Promise<string> {
  const records = createMemoryRecordStore();
  const clock = manualClock(NOW);
  const request = numbersRequest();
  request.call.deadline = deadlineIn(10_500, clock);
  const record = states[state];
  if (event === "another takes it") {
    if (record !== undefined) await records.compareAndSet(key, null, record);
    try {
      const writer = await clock.run(Writer.take({ records, clock }, request));
      return writer.leftover === undefined ? "the lease" : "the lease and the change";
    } catch (error) {
      return error instanceof Error && "code" in error ? String(error.code) : "another error";
    }
  }
  // A holder whose lease has passed on since, except in the first state, acts late.
  const holder = await Writer.take({ records, clock }, request);
  if (record !== undefined) await records.compareAndSet(key, 1, record);
  const before = await read(records);
  if (event === "its holder releases it") {
    await holder.release();
    const after = await read(records);
    return after?.leaseUntil === 0 && record === undefined ? "released" : isSame(before, after);
  }
  const begun = await holder.begin(change).then(
    () => true,
    () => false,
  );
  return begun && (await read(records))?.change !== undefined ? "the change is recorded" : "fenced off";
}

const isSame = (one: unknown, other: unknown) =>
  JSON.stringify(one) === JSON.stringify(other) ? "as it was" : "overwritten";

describe("the only writer of an extension", () => {
  const cells = Object.entries(table).flatMap(([state, row]) =>
    Object.entries(row).map(([event, expected]) => ({ state, event, expected })),
  );

  it.each(cells)("$state, $event: $expected", async ({ state, event, expected }) => {
    expect(await play(state as State, event as Event)).toBe(expected);
  });

  it("waits for a writer that is about to end", async () => {
    const records = createMemoryRecordStore();
    const clock = manualClock(NOW);
    const first = await Writer.take({ records, clock }, numbersRequest());
    const request = numbersRequest();
    request.call.deadline = deadlineIn(10_500, clock);
    const waiting = Writer.take({ records, clock }, request);
    await clock.advance(150);
    await first.release();
    expect(await clock.run(waiting)).toBeInstanceOf(Writer);
    expect(clock.now() - NOW).toBeLessThan(400);
  });

  it("is kept out for 2 minutes after the deadline of a writer that has crashed during a change", async () => {
    const records = createMemoryRecordStore();
    const clock = manualClock(NOW);
    const request = () => {
      const deadline = deadlineIn(10_000, clock);
      return { ...numbersRequest(), call: { ...numbersRequest().call, deadline } };
    };
    const take = () => clock.run(Writer.take({ records, clock }, request()));
    await (await take()).begin(change);
    // As long as the writer may live, by its deadline; then until the last write of it may take effect.
    await expect(take()).rejects.toMatchObject({
      code: "upstream_locked",
      details: { retryAfterSeconds: 11 },
    });
    await clock.advance(10_000);
    await expect(take()).rejects.toMatchObject({ details: { retryAfterSeconds: 121 } });
    await clock.advance(120_000);
    // The one that completes the change may crash, too.
    expect((await take()).leftover).toBeDefined();
    await clock.advance(20_000);
    await expect(take()).rejects.toMatchObject({ code: "upstream_locked" });
  });

  it("is not waited for once it can only end by itself", async () => {
    const records = createMemoryRecordStore();
    const clock = manualClock(NOW);
    const request = numbersRequest();
    request.call.deadline = deadlineIn(10_500, clock);
    await records.compareAndSet(key, null, { leaseUntil: NOW + 2 * MINUTE });
    await expect(clock.run(Writer.take({ records, clock }, request))).rejects.toMatchObject({
      details: { retryAfterSeconds: 126, detail: expect.stringContaining("may still take effect") },
    });
    expect(clock.now() - NOW).toBeLessThan(100);
  });

  it("lets the next one in when the response to its change's record was lost, as nothing was sent", async () => {
    const records = createMemoryRecordStore();
    const writer = await Writer.take({ records, clock: manualClock(NOW) }, numbersRequest());
    records.faults.after = () => {
      records.faults = {};
      throw new StorageUnavailable("test");
    };
    await expect(writer.begin(change)).rejects.toMatchObject({ code: "storage_unavailable" });
    await writer.release();
    expect(await read(records)).toEqual({ leaseUntil: 0 });
  });

  it("holds the lease when the request that records its change arrives twice", async () => {
    const records = createMemoryRecordStore();
    const twice: MemoryRecordStore = {
      ...records,
      compareAndSet: async (...write) => {
        await records.compareAndSet(...write);
        return records.compareAndSet(...write);
      },
    };
    const deps = { records, clock: manualClock(NOW) };
    const writer = await Writer.take(deps, numbersRequest());
    deps.records = twice;
    await writer.begin(change);
    deps.records = records;
    writer.dropChange();
    await writer.release();
    expect(await read(records)).toEqual({ leaseUntil: 0 });
  });

  it("says as a problem that the table is away, because nothing was sent", async () => {
    const records = createMemoryRecordStore();
    records.faults.before = () => {
      throw new StorageUnavailable("test");
    };
    const taking = Writer.take({ records, clock: manualClock(NOW) }, numbersRequest());
    await expect(taking).rejects.toMatchObject({ code: "storage_unavailable" });
  });

  it("leaves nothing to complete when the change could not be recorded", async () => {
    const records = createMemoryRecordStore();
    const writer = await Writer.take({ records, clock: manualClock(NOW) }, numbersRequest());
    records.faults.before = () => {
      throw new StorageUnavailable("test");
    };
    await expect(writer.begin(change)).rejects.toMatchObject({ code: "storage_unavailable" });
    records.faults = {};
    await writer.release();
    expect(await read(records)).toEqual({ leaseUntil: 0 });
  });

  it("leaves nothing to complete once a change is settled", async () => {
    const records = createMemoryRecordStore();
    const clock = manualClock(NOW);
    const writer = await Writer.take({ records, clock }, numbersRequest());
    await writer.begin(change);
    expect(await read(records)).toMatchObject({ change });
    writer.dropChange();
    await writer.release();
    expect(await read(records)).toEqual({ leaseUntil: 0 });
  });
});
