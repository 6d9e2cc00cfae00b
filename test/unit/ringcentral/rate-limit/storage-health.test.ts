import { describe, expect, it } from "vitest";
import type { RateLimitEvent } from "../../../../lib/ringcentral/rate-limit/events.ts";
import { defaultLimits } from "../../../../lib/ringcentral/rate-limit/limits.ts";
import { createStorageHealth, StorageDown } from "../../../../lib/ringcentral/rate-limit/storage-health.ts";
import { createSchedule, type Schedule } from "../../../support/schedule.ts";

async function inVirtualTime(tell: (schedule: Schedule) => Promise<void>): Promise<void> {
  const schedule = createSchedule({ seed: 1 });
  const told = schedule.instance({ skewMs: 0 }).start(() => tell(schedule));
  await schedule.run();
  const outcome = await told;
  if (outcome.status === "failed") throw outcome.error;
}

describe("the table's health", () => {
  it("is asked again after a pause that doubles, and spoken of once each way", () =>
    inVirtualTime(async ({ clock }) => {
      const events: RateLimitEvent[] = [];
      const health = createStorageHealth(clock, defaultLimits, (event) => events.push(event));
      const fails = () => health.ask(() => Promise.reject(new Error("no table")));
      for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
        await expect(fails()).rejects.toBeInstanceOf(StorageDown);
        expect(health.isUp()).toBe(false);
        await clock.sleep(pauseMs - 1);
        let asked = false;
        await health.ask(async () => (asked = true)).catch(() => {});
        expect(asked).toBe(false);
        await clock.sleep(1);
        expect(health.isUp()).toBe(true);
      }
      expect(await health.ask(async () => 7)).toBe(7);
      expect(events).toEqual([
        { type: "degraded", reason: "no table" },
        { type: "recovered", afterMs: 45_000 },
      ]);
    }));

  it("takes a slow answer for none, but has patience with a process's first question", () =>
    inVirtualTime(async ({ clock }) => {
      const health = createStorageHealth(clock, defaultLimits, () => {});
      const slow = () => health.ask(() => clock.sleep(2_000).then(() => "late"));
      expect(await slow()).toBe("late");
      const before = clock.now();
      await expect(slow()).rejects.toBeInstanceOf(StorageDown);
      expect(clock.now() - before).toBe(1_000);
    }));
});
