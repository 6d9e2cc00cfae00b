import { describe, expect, it } from "vitest";
import { StorageUnavailable } from "../../../lib/storage/errors.ts";
import { updateRecord } from "../../../lib/storage/update-record.ts";
import { leapingClock } from "../../support/manual-clock.ts";
import { createMemoryRecordStore } from "../../support/memory-record-store.ts";

const key = { partition: "p", sort: "s" };
const count = (value: { n: number } | undefined) => ({ value: { n: (value?.n ?? 0) + 1 } });

describe("updateRecord", () => {
  it("creates the record, then changes it", async () => {
    const deps = { records: createMemoryRecordStore(), clock: leapingClock(), random: () => 0.5 };
    expect(await updateRecord(deps, key, count)).toEqual({ value: { n: 1 }, version: 1 });
    expect(await updateRecord(deps, key, count)).toEqual({ value: { n: 2 }, version: 2 });
  });

  it("leaves the record unchanged when there is nothing to change", async () => {
    const deps = { records: createMemoryRecordStore(), clock: leapingClock(), random: () => 0.5 };
    expect(await updateRecord(deps, key, () => undefined)).toBeUndefined();
    expect(await deps.records.read(key)).toBeUndefined();
  });

  it("loses no change of concurrent writers", async () => {
    const deps = { records: createMemoryRecordStore(), clock: leapingClock(), random: Math.random };
    await Promise.all(Array.from({ length: 7 }, () => updateRecord(deps, key, count, 50)));
    expect((await deps.records.read(key))?.value).toEqual({ n: 7 });
  });

  it("starts again when another writer comes between its reading and its write", async () => {
    const deps = { records: createMemoryRecordStore(), clock: leapingClock(), random: () => 0.5 };
    let edits = 0;
    await updateRecord<{ n: number }>(deps, key, async (value) => {
      edits += 1;
      if (edits === 1) await updateRecord(deps, key, count);
      return count(value);
    });
    expect((await deps.records.read(key))?.value).toEqual({ n: 2 });
  });

  it("retries a lost race at once, then waits longer each time, and gives up in the end", async () => {
    const clock = leapingClock();
    const records = createMemoryRecordStore();
    const deps = { records: { ...records, compareAndSet: async () => undefined }, clock, random: () => 0.5 };
    await expect(updateRecord(deps, key, count, 4)).rejects.toThrow(StorageUnavailable);
    expect(clock.slept).toEqual([40, 80]);
  });
});
