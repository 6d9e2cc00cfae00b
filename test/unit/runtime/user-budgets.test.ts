import { describe, expect, it } from "vitest";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { RingCentralError } from "../../../lib/ringcentral/api/errors.ts";
import type { RateLimiter } from "../../../lib/ringcentral/rate-limit/ports.ts";
import { UserBudgets } from "../../../lib/runtime/user-budgets.ts";
import { StorageUnavailable } from "../../../lib/storage/errors.ts";
import { leapingClock } from "../../support/manual-clock.ts";
import { createMemoryRecordStore } from "../../support/memory-record-store.ts";

const permit = { observe: async () => {}, release: async () => {} };
const free: RateLimiter = { admit: async () => permit };
const DAY_MS = 24 * 60 * 60 * 1000;

function setUp() {
  const clock = leapingClock(Date.UTC(2026, 0, 1, 12));
  const records = createMemoryRecordStore();
  let writes = 0;
  records.onWrite = () => {
    writes += 1;
  };
  const begin = () => {
    const budgets = new UserBudgets({ records, clock, random: () => 0, accountKey: "37" });
    const save = () => budgets.save(deadlineIn(30_000, clock, 0));
    const use = async (...users: string[]) => {
      for (const user of users) await budgets.counting(free, user).admit(request(clock));
      await save();
    };
    return { budgets, save, use };
  };
  return { clock, records, begin, writes: () => writes, described: () => begin().budgets.describe() };
}

const request = (clock: ReturnType<typeof leapingClock>) =>
  ({ group: "light", priority: "interactive", deadline: deadlineIn(30_000, clock, 0) }) as const;

describe("the users who pay themselves", () => {
  it("are counted once, by any number of processes, today and yesterday", async () => {
    const { clock, begin, described } = setUp();
    expect(await described()).toBeUndefined();
    await begin().use("101", "102");
    await begin().use("102", "103");
    expect(await described()).toEqual({ count: 3, limited: [] });
    await clock.sleep(DAY_MS);
    await begin().use("104");
    expect(await described()).toMatchObject({ count: 4 });
    await clock.sleep(DAY_MS);
    expect(await described()).toMatchObject({ count: 1 });
  });

  it("are counted to 3 % when they are thousands, in a record of 3 KB", async () => {
    const { records, begin, described } = setUp();
    await begin().use(...Array.from({ length: 5_000 }, (_, n) => String(3_800_000 + n)));
    const { count = 0 } = (await described()) ?? {};
    expect(Math.abs(count - 5_000)).toBeLessThan(150);
    expect(records.dump()[0]?.json.length).toBeLessThan(3_000);
  });

  it("cost a process one write a day each, and one a minute all together", async () => {
    const { clock, begin, writes } = setUp();
    const one = begin();
    await one.use("101");
    await one.use("101");
    expect(writes()).toBe(1);
    await one.use("102");
    await one.use("103");
    expect(writes()).toBe(1);
    await clock.sleep(60_000);
    await one.use("101");
    expect(writes()).toBe(2);
    await clock.sleep(60_000);
    await one.use("101", "102", "103");
    expect(writes()).toBe(2);
  });

  it("are counted later when the table does not take them", async () => {
    const { clock, records, begin, described } = setUp();
    const one = begin();
    records.faults.before = () => Promise.reject(new StorageUnavailable("away"));
    await one.use("101");
    records.faults.before = () => {};
    await clock.sleep(60_000);
    await one.save();
    expect(await described()).toMatchObject({ count: 1 });
  });

  it("are listed when their budgets reject calls, those with most of them first, ten at most", async () => {
    const { clock, begin, described } = setUp();
    const { budgets, save } = begin();
    const spent: RateLimiter = {
      admit: () =>
        Promise.reject(
          new RingCentralError({ kind: "rate_limited", operation: "x", mayHaveTakenEffect: false }),
        ),
    };
    for (let n = 0; n < 12; n++) {
      const limiter = budgets.counting(spent, String(n));
      for (let times = 0; times <= n; times++) await limiter.admit(request(clock)).catch(() => {});
    }
    const limiter = budgets.counting(free, "11");
    for (const status of [429, 200]) {
      const permit = await limiter.admit(request(clock));
      await permit.observe({ group: "light", status, withoutHeaders: false });
    }
    await save();
    const { limited = [] } = (await described()) ?? {};
    expect(limited).toHaveLength(10);
    expect(limited[0]).toEqual({ extensionId: "11", rejections: 13, at: clock.now() });
    expect(limited[1]).toMatchObject({ extensionId: "10", rejections: 11 });
  });
});
