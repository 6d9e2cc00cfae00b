import { describe, expect, it, vi } from "vitest";
import { StorageUnavailable } from "../../lib/storage/errors.ts";
import { createSchedule, forEachSeed, type ScheduleOptions } from "../support/schedule.ts";
import {
  type CallResult,
  createFleet,
  createMember,
  type Fleet,
  fullestMinute,
  type Group,
  MINUTE,
  SECOND,
} from "./rate-limit-model.ts";

if (process.env.DEEP_RUNS !== undefined) vi.setConfig({ testTimeout: 3_600_000 });

const BUDGETS: Record<Group, number> = { light: 50, medium: 40, heavy: 10 };
const CALLERS = ["aaa", "bbb", "ccc"];
const chaos: Omit<ScheduleOptions, "seed"> = {
  crashRate: 0.002,
  loseRequestRate: 0.003,
  lateRequestRate: 0.003,
  loseResponseRate: 0.003,
  duplicateRate: 0.02,
  pauseRate: 0.01,
  pauseMs: [100, SECOND],
};
/** Permits that a process had prefetched are counted in a share by its next write: those of two processes. */
const SLACK = 4;

/** Callers that poll without pause, over any process; `visitors` open an overview at random. */
function play(
  fleet: Fleet,
  group: Group,
  greedy: readonly string[],
  visitors: number,
  minutes: number,
  pauseMs: [number, number] = [500, 4_000],
) {
  const { schedule } = fleet;
  const end = schedule.clock.now() + minutes * MINUTE;
  const members = Array.from({ length: 6 }, () => createMember(fleet));
  const visits: CallResult[] = [];
  const ask = async (caller: string): Promise<CallResult | undefined> => {
    const index = schedule.between(0, members.length - 1);
    if (members[index]?.instance.crashed) members[index] = createMember(fleet);
    const member = members[index] ?? createMember(fleet);
    const outcome = await member.instance.start(() => member.call(group, 10 * SECOND, "interactive", caller));
    return outcome.status === "done" ? outcome.value : undefined;
  };
  for (const caller of greedy) {
    void (async () => {
      while (schedule.clock.now() < end) {
        await ask(caller);
        await schedule.clock.sleep(schedule.between(...pauseMs));
      }
    })();
  }
  for (let visitor = 0; visitor < visitors; visitor++) {
    schedule.after(schedule.between(10 * SECOND, minutes * MINUTE), async () => {
      const results = await Promise.all(Array.from({ length: 5 }, () => ask(`v${visitor}x`)));
      visits.push(...results.filter((one) => one !== undefined));
    });
  }
  return visits;
}

describe("the share of a caller", () => {
  it("is at most two thirds of a budget in any minute, whatever fails", async () => {
    await forEachSeed(6, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed, ...chaos }));
      const fleet = createFleet(schedule, { tableTells: schedule.chance(0.7), fleetSize: 6 });
      const group: Group = schedule.chance(0.5) ? "light" : "heavy";
      const lost =
        schedule.clock.now() + (schedule.chance(0.5) ? schedule.between(0, 3 * MINUTE) : 99 * MINUTE);
      fleet.records.faults.before = () => {
        const now = schedule.clock.now();
        if (now >= lost && now < lost + 90 * SECOND) throw new StorageUnavailable("away");
      };
      const greedy = CALLERS.slice(0, schedule.between(1, 3));
      const polls = greedy.flatMap((caller) => [caller, caller, caller, caller]);
      play(fleet, group, polls, schedule.between(0, 6), 4);
      await schedule.run();
      const { arrivals } = fleet.limiter;
      expect(arrivals.filter(({ status }) => status === 429)).toEqual([]);
      for (const caller of greedy) {
        const most = Math.ceil((2 / 3) * BUDGETS[group]) + SLACK;
        expect(fullestMinute(arrivals.filter(({ by }) => by === caller))).toBeLessThanOrEqual(most);
      }
    });
  });

  it("lets a caller that owes nothing open an overview beside callers that poll without pause", async () => {
    await forEachSeed(6, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed }));
      const fleet = createFleet(schedule);
      const greedy = CALLERS.slice(0, schedule.between(1, 3));
      const visits = play(fleet, "light", greedy, 3, 4);
      await schedule.run();
      expect(visits.length).toBe(15);
      for (const one of visits) expect(one.result).toBe("sent");
    });
  });

  it("leaves 95 % of overviews from the second minute on, when three callers begin to poll at once", async () => {
    await forEachSeed(2, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed }));
      const fleet = createFleet(schedule);
      const began = schedule.clock.now();
      play(fleet, "light", CALLERS, 0, 4, [100, 300]);
      const member = createMember(fleet);
      const late: CallResult[] = [];
      for (let visit = 1; visit < 24; visit++) {
        schedule.after(visit * 10 * SECOND, async () => {
          const calls = Array.from({ length: 4 }, () =>
            member.call("light", 10 * SECOND, "interactive", `v${visit}x`),
          );
          const results = await Promise.all(calls);
          if (schedule.clock.now() > began + 75 * SECOND) late.push(...results);
        });
      }
      await schedule.run();
      expect(late.length).toBeGreaterThan(40);
      const sent = late.filter(({ result }) => result === "sent");
      expect(sent.length).toBeGreaterThanOrEqual(0.95 * late.length);
    });
  });

  it("is all of it for nobody, and most of the budget is used", async () => {
    await forEachSeed(1, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed }));
      const fleet = createFleet(schedule);
      const began = schedule.clock.now();
      play(fleet, "light", CALLERS, 0, 30);
      await schedule.run();
      const late = fleet.limiter.arrivals.filter(
        ({ at }) => at >= began + 20 * MINUTE && at < began + 30 * MINUTE,
      );
      expect(late.length).toBeGreaterThanOrEqual(0.7 * 10 * BUDGETS.light);
      for (const caller of CALLERS) {
        expect(late.filter(({ by }) => by === caller).length).toBeGreaterThanOrEqual(
          0.2 * 10 * BUDGETS.light,
        );
      }
    });
  });
});
