import { describe, expect, it } from "vitest";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { StorageUnavailable } from "../../../lib/storage/errors.ts";
import { retryingRecords } from "../../../lib/storage/retrying-records.ts";
import { leapingClock } from "../../support/manual-clock.ts";
import { createMemoryRecordStore } from "../../support/memory-record-store.ts";

const key = { partition: "p", sort: "s" };

function lab(withinMs = 60_000) {
  const clock = leapingClock();
  const store = createMemoryRecordStore();
  const patient = retryingRecords(store, clock, deadlineIn(withinMs, clock, 0));
  /** The next `times` calls fail, before or after they take effect. */
  const fail = (when: "before" | "after", times: number) => {
    let left = times;
    store.faults = {
      [when]: () => {
        if (left-- > 0) throw new StorageUnavailable("away");
      },
    };
  };
  return { clock, store, patient, fail };
}

describe("a patient use of the table", () => {
  it("tries again what did not arrive", async () => {
    const { patient, fail, clock } = lab();
    fail("before", 3);
    expect(await patient.compareAndSet(key, null, { a: 1 })).toBe(1);
    fail("before", 2);
    expect(await patient.read(key)).toEqual({ value: { a: 1 }, version: 1 });
    expect(clock.slept).toEqual([150, 300, 600, 150, 300]);
  });

  it("knows its own write again when only the answer was lost", async () => {
    const { patient, fail } = lab();
    fail("after", 1);
    expect(await patient.compareAndSet(key, null, { a: 1 })).toBe(1);
    fail("after", 1);
    expect(await patient.compareAndSet(key, 1, { a: 2 })).toBe(2);
    fail("after", 1);
    expect(await patient.remove(key, 2)).toBe(true);
  });

  it("does not take another's write for its own", async () => {
    const { patient, store, fail } = lab();
    await store.compareAndSet(key, null, { a: "theirs" });
    fail("before", 1);
    expect(await patient.compareAndSet(key, null, { a: "ours" })).toBeUndefined();
    fail("before", 1);
    expect(await patient.remove(key, 7)).toBe(false);
  });

  it("gives up after some tries, and before the deadline", async () => {
    const many = lab();
    many.fail("before", 99);
    await expect(many.patient.read(key)).rejects.toBeInstanceOf(StorageUnavailable);
    expect(many.clock.slept).toHaveLength(3);
    const hurried = lab(400);
    hurried.fail("before", 99);
    await expect(hurried.patient.read(key)).rejects.toBeInstanceOf(StorageUnavailable);
    expect(hurried.clock.slept).toEqual([150]);
  });

  it("passes on at once what is no outage", async () => {
    const { patient, store, clock } = lab();
    store.faults = {
      before: () => {
        throw new TypeError("a fault of the code");
      },
    };
    await expect(patient.read(key)).rejects.toBeInstanceOf(TypeError);
    expect(clock.slept).toEqual([]);
  });
});
