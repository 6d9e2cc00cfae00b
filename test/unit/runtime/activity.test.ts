import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import type { Observation, RateLimiter } from "../../../lib/ringcentral/rate-limit/ports.ts";
import { Activity } from "../../../lib/runtime/activity.ts";
import { minutesOf, problemsMet } from "../../../lib/runtime/activity-response.ts";
import { StorageUnavailable } from "../../../lib/storage/errors.ts";
import { leapingClock } from "../../support/manual-clock.ts";
import { createMemoryRecordStore } from "../../support/memory-record-store.ts";

const MINUTE_MS = 60_000;
const admitsAll: RateLimiter = {
  admit: async () => ({ observe: async () => undefined, release: async () => undefined }),
};

function setUp(start = Date.UTC(2026, 0, 1)) {
  const clock = leapingClock(start);
  const records = createMemoryRecordStore();
  const deadline = deadlineIn(30_000, clock, 0);
  const request = { group: "light", priority: "interactive", deadline } as const;
  function begin() {
    const activity = new Activity({ records, clock, accountKey: "37" });
    const limiter = activity.counting(admitsAll);
    return {
      activity,
      problem: (code = "request_invalid", operation = "addBlockedNumber") =>
        activity.problem(operation, code),
      save: () => activity.save(deadlineIn(30_000, clock, 0)),
      async call(observed: Partial<Observation> = {}) {
        const permit = await limiter.admit(request);
        await permit.observe({ group: "light", status: 200, withoutHeaders: false, ...observed });
      },
      async lose(sent: boolean) {
        await (await limiter.admit(request)).release(sent);
      },
    };
  }
  /** What a process that has counted nothing itself shows. */
  async function seen() {
    const counts = await begin().activity.describe(records);
    if (counts === undefined) return undefined;
    const { lastHour, lastDay } = problemsMet(counts, clock.now());
    return { lastHour, lastDay, light: minutesOf(counts, "light") };
  }
  return { clock, records, begin, seen };
}

const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

describe("what callers met and what budgets spent", () => {
  it("is told in steps of five minutes and of an hour, and by minute", async () => {
    const { clock, begin, seen } = setUp();
    const [one, other] = [begin(), begin()];
    one.problem();
    other.problem("request_invalid");
    await one.call({ remaining: 40 });
    await one.call({ remaining: 38 });
    await other.call({ status: 429, remaining: 0 });
    await other.lose(true);
    await other.lose(false);
    await Promise.all([one.save(), other.save()]);
    clock.leap(6 * MINUTE_MS);
    one.problem();
    await one.call();
    await one.save();
    const { lastHour, lastDay, light } = (await seen()) ?? {};
    const named = { route: "addBlockedNumber", code: "request_invalid", status: 400 };
    const zeros = (count: number) => new Array(count).fill(0);
    expect(lastHour).toEqual({
      from: "2025-12-31T23:10:00.000Z",
      stepSeconds: 300,
      series: [{ ...named, counts: [...zeros(10), 2, 1] }],
    });
    expect(lastDay).toEqual({
      from: "2025-12-31T01:00:00.000Z",
      stepSeconds: 3600,
      series: [{ ...named, counts: [...zeros(23), 3] }],
    });
    expect(light).toEqual([
      { at: "2026-01-01T00:00:00.000Z", calls: 4, rejected: 1, leastRemaining: 0 },
      { at: "2026-01-01T00:06:00.000Z", calls: 1, rejected: 0 },
    ]);
  });

  it.each(["problems", "calls"])(
    "has most of a burst of %s, though the process is never called again",
    async (kind) => {
      for (const count of [1, 2, 3, 4, 8, 30, 100]) {
        const { records, begin, seen } = setUp();
        let writes = 0;
        records.onWrite = () => {
          writes += 1;
        };
        const process = begin();
        for (let index = 0; index < count; index += 1) {
          if (kind === "calls") await process.call();
          else process.problem();
          await process.save();
        }
        const { lastHour, light = [] } = (await seen()) ?? {};
        const shown = kind === "calls" ? light.map(({ calls }) => calls) : lastHour?.series[0]?.counts;
        expect(total(shown ?? [])).toBeGreaterThanOrEqual(count <= 4 ? count : count * 0.75);
        expect(writes).toBeLessThanOrEqual(6 + Math.log(count) / Math.log(4 / 3));
      }
    },
  );

  it("costs a busy process few writes, and an idle one none", async () => {
    const { clock, records, begin } = setUp();
    let writes = 0;
    records.onWrite = () => {
      writes += 1;
    };
    const process = begin();
    await process.save();
    expect(writes).toBe(0);
    for (let second = 0; second < 300; second += 1) {
      await process.call();
      await process.save();
      clock.leap(1000);
    }
    expect(writes).toBeLessThanOrEqual(75);
    const busy = writes;
    clock.leap(MINUTE_MS);
    await process.save();
    await process.save();
    expect(writes).toBeLessThanOrEqual(busy + 1);
  });

  it("forgets what is over: an hour of minutes, a day of hours", async () => {
    const { clock, records, begin, seen } = setUp();
    const process = begin();
    process.problem();
    await process.call();
    await process.save();
    clock.leap(61 * MINUTE_MS);
    expect(await seen()).toMatchObject({ lastHour: { series: [] }, light: [] });
    expect((await seen())?.lastDay.series).toHaveLength(1);
    clock.leap(24 * 60 * MINUTE_MS);
    expect((await seen())?.lastDay.series).toEqual([]);
    process.problem("internal");
    await process.save();
    expect(records.dump()[0]?.json).not.toContain("request_invalid");
  });

  it("stays small however many names there are, and names no more than 60 and the others", async () => {
    const { clock, records, begin, seen } = setUp();
    const process = begin();
    for (let minute = 0; minute < 24 * 60; minute += 180) {
      for (let index = 0; index < 90; index += 1) {
        process.problem("upstream_rate_limited", `deleteCallerBlockingNumber${index}`);
        await process.call({ group: `a group with a long name, and more of it ${index}` });
      }
      await process.save();
      clock.leap(180 * MINUTE_MS);
    }
    const { lastDay } = (await seen()) ?? {};
    expect(lastDay?.series).toHaveLength(61);
    const others = lastDay?.series.find(({ code }) => code === "other");
    expect(others?.counts).toContain(30);
    expect(JSON.stringify(records.dump()).length).toBeLessThan(60_000);
  });

  it("is unknown without the table, and what was counted meanwhile is saved when it is back", async () => {
    const { clock, records, begin, seen } = setUp();
    const process = begin();
    records.faults.before = () => {
      throw new StorageUnavailable("away");
    };
    process.problem();
    await process.save();
    expect(await seen()).toBeUndefined();
    records.faults = {};
    clock.leap(MINUTE_MS);
    await process.save();
    expect((await seen())?.lastHour.series).toHaveLength(1);
  });

  it("is not tried again before its minute when a save has failed", async () => {
    const { clock, records, begin } = setUp();
    const process = begin();
    let tries = 0;
    records.faults.before = () => {
      tries += 1;
      throw new StorageUnavailable("away");
    };
    for (let second = 0; second < 50; second += 1) {
      await process.call();
      await process.save();
      clock.leap(1000);
    }
    expect(tries).toBe(1);
  });

  it("holds a request up for 250 ms at most when the table is slow", async () => {
    const { clock, records, begin } = setUp();
    const process = begin();
    process.problem();
    records.faults.before = () => new Promise(() => {});
    // This clock's alarms ring at once.
    const sleeps: number[] = [];
    clock.sleep = async (ms) => {
      sleeps.push(ms);
    };
    await process.save();
    expect(total(sleeps)).toBe(250);
  });
});

/** What happens next: a process counts or saves, and may be cut off from the table or end. */
const event = fc.record({
  process: fc.nat(2),
  kind: fc.constantFrom("problem", "problem", "call", "save", "save", "end"),
  fault: fc.constantFrom(undefined, undefined, "lost request", "lost response"),
  afterMs: fc.integer({ min: 0, max: 85_000 }),
});

describe("the fleet's counts, whatever fails", () => {
  it("are never too high, and are right when nothing was lost", async () => {
    const runs = fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
      const { clock, records, begin, seen } = setUp();
      const processes = [begin(), begin(), begin()];
      let problems = 0;
      let calls = 0;
      let isWhole = true;
      const saves: Promise<void>[] = [];
      for (const { process: index, kind, fault, afterMs } of events) {
        const process = processes[index] ?? begin();
        if (kind === "problem") process.problem();
        if (kind === "problem") problems += 1;
        if (kind === "call") await process.call();
        if (kind === "call") calls += 1;
        if (kind === "end") processes[index] = begin();
        if (kind === "end") isWhole = false;
        if (kind === "save") {
          const fail = ({ operation }: { operation: string }) => {
            if (operation === "compareAndSet") throw new StorageUnavailable("lost");
          };
          records.faults =
            fault === undefined ? {} : { [fault === "lost request" ? "before" : "after"]: fail };
          if (fault !== undefined) isWhole = false;
          // Without a fault several save at the same time.
          saves.push(process.save());
          if (fault !== undefined || afterMs > 45_000) await Promise.all(saves);
          records.faults = {};
        }
        // All within one hour, so that nothing is over.
        clock.leap(afterMs);
      }
      await Promise.all(saves);
      clock.leap(MINUTE_MS);
      for (const process of processes) {
        await process.save();
      }
      const { lastDay, light = [] } = (await seen()) ?? {};
      const told = total(lastDay?.series.flatMap(({ counts }) => counts) ?? []);
      const toldCalls = total(light.map((minute) => minute.calls));
      expect(told).toBeLessThanOrEqual(problems);
      expect(toldCalls).toBeLessThanOrEqual(calls);
      if (isWhole) expect([told, toldCalls]).toEqual([problems, calls]);
    });
    await fc.assert(runs, { numRuns: Number(process.env.DEEP_RUNS ?? 100) });
  });
});
