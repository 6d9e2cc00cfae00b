import { describe, expect, it } from "vitest";
import { StorageUnavailable } from "../../../lib/storage/errors.ts";
import { createTableWait, limitedRecords } from "../../../lib/storage/table-wait.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { createMemoryRecordStore } from "../../support/memory-record-store.ts";

function lab() {
  const clock = manualClock();
  const tableWait = createTableWait(clock);
  const response = (ms: number) => () => clock.sleep(ms).then(() => "response");
  return { clock, tableWait, response };
}

describe("a request's wait for the table", () => {
  it("is 1.2 s for all calls together", async () => {
    const { clock, tableWait, response } = lab();
    const first = tableWait.limit(response(700));
    await clock.advance(700);
    expect(await first).toBe("response");
    const second = expect(tableWait.limit(response(900))).rejects.toThrow(StorageUnavailable);
    await clock.advance(500);
    await second;
    expect(tableWait.leftMs()).toBe(0);
  });

  it("is not shortened by usual responses, and once by calls at the same time", async () => {
    const { clock, tableWait, response } = lab();
    for (let n = 0; n < 100; n += 1) {
      const usual = tableWait.limit(response(20));
      await clock.advance(20);
      await usual;
    }
    expect(tableWait.leftMs()).toBe(1_200);
    const together = Promise.all([300, 310, 320].map((ms) => tableWait.limit(response(ms))));
    await clock.advance(320);
    await together;
    expect(tableWait.leftMs()).toBeGreaterThanOrEqual(880);
  });

  it("ends with a rest that is shorter than a usual response", async () => {
    const { clock, tableWait, response } = lab();
    for (const ms of [1_180, 21]) {
      const wait = tableWait.limit(response(ms)).catch(() => "too late");
      await clock.advance(ms);
      await wait;
    }
    expect(tableWait.leftMs()).toBe(0);
  });

  it("may keep a part for later calls, and grants a least time when it is used up", async () => {
    const { clock, tableWait, response } = lab();
    const rejected = expect(tableWait.limit(response(800), { keepMs: 500 })).rejects.toThrow(
      StorageUnavailable,
    );
    await clock.advance(700);
    await rejected;
    const rest = expect(tableWait.limit(response(800))).rejects.toThrow(StorageUnavailable);
    await clock.advance(500);
    await rest;
    expect(tableWait.leftMs()).toBe(0);
    await expect(tableWait.limit(response(1))).rejects.toThrow(StorageUnavailable);
    const granted = tableWait.limit(response(300), { leastMs: 400 });
    await clock.advance(300);
    expect(await granted).toBe("response");
  });

  it("grants a least time to a store that is limited already, as those of use cases are", async () => {
    const { clock, tableWait, response } = lab();
    const records = limitedRecords(createMemoryRecordStore(), tableWait);
    const spent = expect(tableWait.limit(response(1_300))).rejects.toThrow(StorageUnavailable);
    await clock.advance(1_200);
    await spent;
    const key = { partition: "one", sort: "record" };
    await expect(records.read(key)).rejects.toThrow(StorageUnavailable);
    expect(await limitedRecords(records, tableWait, { leastMs: 400 }).read(key)).toBeUndefined();
  });

  it("shows a slow table when long responses have taken half of it, and the last one may be under way", async () => {
    const { clock, tableWait, response } = lab();
    for (let n = 0; n < 6; n += 1) {
      const usual = tableWait.limit(response(100));
      await clock.advance(100);
      await usual;
    }
    expect(tableWait.isSlow()).toBe(false);
    const slow = lab();
    for (const ms of [250, 400]) {
      const wait = slow.tableWait.limit(slow.response(ms));
      await slow.clock.advance(349);
      expect(slow.tableWait.isSlow()).toBe(false);
      await slow.clock.advance(1);
      expect(slow.tableWait.isSlow()).toBe(ms === 400);
      await slow.clock.advance(50);
      await wait;
    }
    expect(slow.tableWait.isSlow()).toBe(true);
  });
});
