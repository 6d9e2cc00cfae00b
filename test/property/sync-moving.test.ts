import { expect, it, vi } from "vitest";
import { createSchedule, forEachSeed, type Schedule, type ScheduleOptions } from "../support/schedule.ts";
import {
  calm,
  createFollower,
  createWorld,
  deliver,
  differing,
  findUntruths,
  MINUTE,
  SECOND,
  type World,
} from "./sync-model.ts";

vi.setConfig({ testTimeout: process.env.DEEP_RUNS === undefined ? 120_000 : 8 * 3_600_000 });

const ROUNDS = 10;
/** A number that two whole syncs could have seen is in the snapshot. */
const LATEST_SYNCS = 2;

/** Changes the list once or twice in each scan: a number is added or removed. */
function move({ schedule, upstream, ...world }: World): void {
  let victim = 0;
  upstream.before = ({ operation, page }) => {
    if (operation !== "listCompanyNumbers") return;
    const pages = Math.ceil(upstream.numbers.size / upstream.maxPerPage);
    if (page === 1) victim = schedule.between(2, pages);
    if (page !== victim) return;
    for (let left = schedule.between(1, 2); left > 0; left -= 1) {
      const ids = [...upstream.numbers.keys()];
      if (schedule.chance(0.5)) world.add();
      else world.remove(Number(ids[schedule.between(1, ids.length - 1)]));
    }
  };
}

/** Plays the schedule until the work is done. */
async function play<Result>(schedule: Schedule, work: Promise<Result>): Promise<Result> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await schedule.run();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return done;
}

function sync(schedule: Schedule, world: World): Promise<void> {
  const perPage = world.upstream.maxPerPage;
  const moods = { ...calm, perPage: [perPage, perPage] as const };
  return play(schedule, deliver(world, moods, Number.POSITIVE_INFINITY));
}

const heavyCalls = ({ upstream }: World) =>
  upstream.calls.filter(({ operation }) => operation === "listCompanyNumbers").length;
/** Runs that have staged a page. */
const runsOf = ({ records }: World) =>
  new Set(records.dump().flatMap(({ key }) => /^stage#([^#]+)/.exec(key.sort)?.[1] ?? [])).size;
const lastHead = ({ heads }: World) => heads.at(-1)?.head;
const idsOf = ({ upstream }: World) => new Set(upstream.numbers.keys());

const faults: Omit<ScheduleOptions, "seed"> = {
  crashRate: 0.003,
  loseResponseRate: 0.005,
  duplicateRate: 0.01,
};

it.each([
  { name: "a calm table and fleet", options: {} },
  { name: "crashes and lost responses", options: faults },
])("commits a list that changes during every scan, with $name", async ({ options }) => {
  await forEachSeed(40, async (seed, keep) => {
    const schedule = keep(createSchedule({ seed, ...options }));
    // Large enough that what goes between two commits is no shrink, which waits for its re-check.
    const world = createWorld(schedule, schedule.between(80, 200));
    const { upstream } = world;
    upstream.maxPerPage = schedule.between(5, 20);
    move(world);
    await sync(schedule, world);
    const follower = createFollower(world);
    await play(schedule, follower.follow());
    const present = [idsOf(world)];
    for (let round = 0; round < ROUNDS; round += 1) {
      await play(schedule, schedule.clock.sleep(15 * MINUTE));
      const before = lastHead(world)?.checkedAt ?? 0;
      const [crashesBefore, runsBefore] = [schedule.crashes, runsOf(world)];
      upstream.calls.length = 0;
      const pages = Math.ceil(upstream.numbers.size / upstream.maxPerPage) + 1;
      present.push(idsOf(world));
      await sync(schedule, world);
      const head = lastHead(world);
      if (head === undefined) throw new Error("there is no head");
      expect(head.checkedAt, "each sync is committed").toBeGreaterThan(before);
      // A run may read the list twice, each time with five steps back of two pages, and a page again after a crash. A
      // message whose process dies or fails after the commit is delivered again: another run.
      const crashes = schedule.crashes - crashesBefore;
      const runs = Math.max(1, runsOf(world) - runsBefore);
      expect(heavyCalls(world)).toBeLessThanOrEqual(2 * (pages + 10) * runs + crashes);
      const known = await world.numbersOf(head);
      const recent = present.slice(-LATEST_SYNCS);
      const late = [...idsOf(world)].filter((id) => recent.every((ids) => ids.has(id)) && !known.has(id));
      expect(late, "numbers that are late by more than one sync").toEqual([]);
    }
    expect(await findUntruths(world)).toEqual([]);

    upstream.before = undefined;
    await play(schedule, schedule.clock.sleep(15 * MINUTE + SECOND));
    await sync(schedule, world);
    await play(schedule, follower.follow());
    expect(differing(follower.numbers, world.upstreamNumbers())).toEqual([]);
    expect(await findUntruths(world)).toEqual([]);
    expect([...new Set(world.published)]).toHaveLength(lastHead(world)?.sequence ?? 0);
    expect(follower.sequences).toEqual(follower.sequences.map((_, i) => (follower.sequences[0] ?? 0) + i));
  });
});
