import { describe, expect, it } from "vitest";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { StorageUnavailable } from "../../../lib/storage/errors.ts";
import { retryingRecords } from "../../../lib/storage/retrying-records.ts";
import { createTableWait, limitedRecords } from "../../../lib/storage/table-wait.ts";
import { leapingClock } from "../../support/manual-clock.ts";
import { createMemoryRecordStore } from "../../support/memory-record-store.ts";

const key = { partition: "p", sort: "s" };

function lab(withinMs = 60_000) {
  const clock = leapingClock();
  const store = createMemoryRecordStore();
  const retrying = retryingRecords(store, clock, deadlineIn(withinMs, clock, 0));
  /** The next `times` calls fail, before or after they take effect. */
  const fail = (when: "before" | "after", times: number) => {
    let left = times;
    store.faults = {
      [when]: () => {
        if (left-- > 0) throw new StorageUnavailable("away");
      },
    };
  };
  return { clock, store, retrying, fail };
}

describe("retrying records", () => {
  it("repeat a call that did not arrive", async () => {
    const { retrying, fail, clock } = lab();
    fail("before", 3);
    expect(await retrying.compareAndSet(key, null, { a: 1 })).toBe(1);
    fail("before", 2);
    expect(await retrying.read(key)).toEqual({ value: { a: 1 }, version: 1 });
    expect(clock.slept).toEqual([150, 300, 600, 150, 300]);
  });

  it("recognise their own write when only the response was lost", async () => {
    const { retrying, fail } = lab();
    fail("after", 1);
    expect(await retrying.compareAndSet(key, null, { a: 1 })).toBe(1);
    fail("after", 1);
    expect(await retrying.compareAndSet(key, 1, { a: 2 })).toBe(2);
    fail("after", 1);
    expect(await retrying.remove(key, 2)).toBe(true);
  });

  it("do not take another process's write for their own", async () => {
    const { retrying, store, fail } = lab();
    await store.compareAndSet(key, null, { a: "theirs" });
    fail("before", 1);
    expect(await retrying.compareAndSet(key, null, { a: "ours" })).toBeUndefined();
    fail("before", 1);
    expect(await retrying.remove(key, 7)).toBe(false);
  });

  it("give up after four tries, and before the deadline", async () => {
    const many = lab();
    many.fail("before", 99);
    await expect(many.retrying.read(key)).rejects.toBeInstanceOf(StorageUnavailable);
    expect(many.clock.slept).toHaveLength(3);
    const hurried = lab(400);
    hurried.fail("before", 99);
    await expect(hurried.retrying.read(key)).rejects.toBeInstanceOf(StorageUnavailable);
    expect(hurried.clock.slept).toEqual([150]);
  });

  it("take their pauses from the time that a request may wait for the table", async () => {
    const { clock, store, fail } = lab();
    const tableWait = createTableWait(clock);
    const retrying = retryingRecords(
      limitedRecords(store, tableWait),
      clock,
      deadlineIn(60_000, clock, 0),
      tableWait,
    );
    fail("before", 2);
    await retrying.read(key);
    expect(tableWait.leftMs()).toBe(1_200 - 450);
    fail("before", 99);
    for (let n = 0; n < 3; n += 1)
      await expect(retrying.read(key)).rejects.toBeInstanceOf(StorageUnavailable);
    expect(clock.slept).toEqual([150, 300, 150, 300, 150, 300]);
  });

  it("throw an error that is no outage at once", async () => {
    const { retrying, store, clock } = lab();
    store.faults = {
      before: () => {
        throw new TypeError("a fault of the code");
      },
    };
    await expect(retrying.read(key)).rejects.toBeInstanceOf(TypeError);
    expect(clock.slept).toEqual([]);
  });
});
