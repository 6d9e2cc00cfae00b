import { expect, it } from "vitest";
import { billOf, scaled, sumOf, tracedShare } from "../../bench/cost/dollars.ts";
import { drawUser, habits } from "../../sim/capacity/habits.ts";
import { PartitionMeter } from "../../sim/growth/partition-meter.ts";
import { seededRandom } from "../../support/schedule.ts";

it("prices a request by its parts: milliseconds are rounded up, and traces cost by the share that is traced", () => {
  const usage = {
    ms: 99.2,
    memoryMb: 1_024,
    ringCentralCalls: 1,
    readUnits: 8,
    writeUnits: 4,
    logBytes: 0,
    outBytes: 1e6,
  };
  const million = scaled(billOf(usage, 0.5), 1e6);
  expect(million.gateway).toBeCloseTo(1);
  expect(million.lambda).toBeCloseTo(0.2 + 1.33334);
  expect(1e6 * billOf({ ...usage, memoryMb: 256 }).lambda).toBeCloseTo(0.2 + 1.33334 / 4);
  expect([million.reads, million.writes]).toEqual([1, 2.5].map((usd) => expect.closeTo(usd)));
  expect([million.traces, million["data out"]]).toEqual([2.5, 90].map((usd) => expect.closeTo(usd)));
  // The lines of Lambda and of the gateway are there without any of the function's.
  expect(million.logs).toBeGreaterThan(0.3);
  expect(sumOf(million)).toBeCloseTo(98.53 + million.logs, 2);
  expect([0.2, 1, 21].map(tracedShare)).toEqual([1, 1, 2 / 21]);
});

it("draws a day whose hours are all of the opens, and a token that the opens before have renewed", () => {
  expect(habits.day.reduce((sum, [, share]) => sum + share, 0)).toBeCloseTo(1);
  const random = seededRandom(1);
  const users = Array.from({ length: 2_000 }, () => drawUser(random, 6));
  const opens = users.flatMap((user) => user.opens);
  expect(opens.length / users.length).toBeCloseTo(6 * 0.2, 1);
  expect(opens.every((at) => at >= 0 && at < 3_600_000)).toBe(true);
  const isLive = ({ tokenAt = Number.NEGATIVE_INFINITY }: (typeof users)[number]) => tokenAt > -3_600_000;
  // Half of the users open it from 8 to 9 o'clock.
  expect(users.filter(isLive).length / users.length).toBeCloseTo(0.5, 1);
});

it("counts a partition's units as DynamoDB does, failed conditions too", async () => {
  const meter = new PartitionMeter();
  const key = { partition: "p", sort: "s" };
  const text = "x".repeat(5_000);
  await meter.records.compareAndSet(key, null, text);
  await meter.records.compareAndSet(key, null, "small");
  await meter.records.read(key);
  await meter.records.read({ partition: "p", sort: "none" });
  expect(meter.partitions()).toEqual([{ key: "p", readUnits: 2 + 1, writeUnits: 5 + 5 }]);
  await meter.records.compareAndSet(key, 1, "small");
  await meter.records.remove(key, 2);
  expect(meter.partitions()[0]?.writeUnits).toBe(10 + 5 + 1);
  expect(meter.items()).toEqual([]);
});
