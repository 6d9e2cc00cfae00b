import { describe, expect, it } from "vitest";
import { createMemoryRecordStore, overNetwork } from "../../support/memory-record-store.ts";
import { createSchedule, forEachSeed, LostMessage, type ScheduleOptions } from "../../support/schedule.ts";

const key = { partition: "test", sort: "counter" };

/** A deliberately naive protocol: read, add one, write. `safe` retries when another writer was first. */
async function countTo(options: ScheduleOptions, instances: number, safe: boolean) {
  const schedule = createSchedule(options);
  const shared = createMemoryRecordStore();
  const outcomes = Array.from({ length: instances }, () => {
    const instance = schedule.instance();
    const records = overNetwork(shared, instance);
    return instance.start(async () => {
      for (;;) {
        const seen = await records.read<number>(key);
        const written = await records.compareAndSet(key, seen?.version ?? null, (seen?.value ?? 0) + 1);
        if (written !== undefined || !safe) return;
        await instance.clock.sleep(instance.random() * 100);
      }
    });
  });
  await schedule.run();
  return { schedule, statuses: (await Promise.all(outcomes)).map((o) => o.status), shared };
}

describe("the schedule", () => {
  it("gives the same run for the same seed, and different ones for different seeds", async () => {
    const options = { crashRate: 0.02, pauseRate: 0.05, duplicateRate: 0.1, loseResponseRate: 0.05 };
    const [a, b, c] = await Promise.all([
      countTo({ seed: 7, ...options }, 5, true),
      countTo({ seed: 7, ...options }, 5, true),
      countTo({ seed: 8, ...options }, 5, true),
    ]);
    expect(a.schedule.trace()).toEqual(b.schedule.trace());
    expect(a.schedule.trace()).not.toEqual(c.schedule.trace());
  });

  it("finds the lost update of a protocol that does not retry, and none in the one that does", async () => {
    let lost = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const naive = await countTo({ seed }, 5, false);
      if (naive.shared.dump()[0]?.json !== "5") lost++;
      const safe = await countTo({ seed }, 5, true);
      expect(safe.shared.dump()[0]?.json).toBe("5");
    }
    expect(lost).toBeGreaterThan(0);
  });

  it("can crash at every crossing in turn, before and after the effect", async () => {
    const { schedule } = await countTo({ seed: 1 }, 1, true);
    const effects: string[] = [];
    for (let index = 1; index <= schedule.crossings; index++) {
      const run = await countTo({ seed: 1, crashAt: (crossing) => crossing.index === index }, 1, true);
      expect(run.statuses).toEqual(["crashed"]);
      effects.push(run.shared.dump()[0]?.json ?? "none");
    }
    expect(new Set(effects)).toEqual(new Set(["none", "1"]));
  });

  it("loses requests without effect, and responses after the effect", async () => {
    const lose = async (rates: Partial<ScheduleOptions>) => {
      const schedule = createSchedule({ seed: 1, ...rates });
      const instance = schedule.instance();
      let effects = 0;
      const outcome = instance.start(() => instance.effect("count", () => effects++));
      await schedule.run();
      const end = await outcome;
      return { effects, error: end.status === "failed" ? end.error : undefined };
    };
    expect(await lose({ loseRequestRate: 1 })).toEqual({
      effects: 0,
      error: new LostMessage("count", false),
    });
    expect(await lose({ loseResponseRate: 1 })).toEqual({
      effects: 1,
      error: new LostMessage("count", true),
    });
    expect(await lose({ duplicateRate: 1 })).toEqual({ effects: 2, error: undefined });
  });

  it("moves time only when every task waits, and skews each instance's clock", async () => {
    const schedule = createSchedule({ seed: 3 });
    const [fast, slow] = [schedule.instance({ skewMs: 5_000 }), schedule.instance({ skewMs: -5_000 })];
    const seen = [fast, slow].map((instance) =>
      instance.start(async () => {
        await instance.clock.sleep(60_000);
        return instance.clock.now() - schedule.clock.now();
      }),
    );
    const began = schedule.clock.now();
    await schedule.run();
    expect(schedule.clock.now() - began).toBe(60_000);
    expect((await Promise.all(seen)).map((o) => o.status === "done" && o.value)).toEqual([5_000, -5_000]);
  });

  it("names the seed that failed", async () => {
    const breaksOnThree = async (seed: number) => {
      if (seed === 3) throw new Error("broken");
    };
    const failing = forEachSeed(5, breaksOnThree, {});
    await expect(failing).rejects.toThrow(/SEED=3 fails: broken/);
  });

  it("counts up from the first given seed, and plays the same seeds without one", async () => {
    const seedsOf = async (env: { FIRST_SEED?: string; SEED?: string }) => {
      const seeds: number[] = [];
      await forEachSeed(3, async (seed) => void seeds.push(seed), env);
      return seeds;
    };
    expect(await seedsOf({})).toEqual([1, 2, 3]);
    expect(await seedsOf({ FIRST_SEED: "700" })).toEqual([700, 701, 702]);
    expect(await seedsOf({ FIRST_SEED: "700", SEED: "5" })).toEqual([5]);
  });
});
