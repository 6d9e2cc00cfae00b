import { describe, expect, it, vi } from "vitest";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import { sessionKey } from "../../lib/ringcentral/auth/session-record.ts";
import { parseRecord } from "../../lib/ringcentral/auth/token-record.ts";
import { StorageUnavailable } from "../../lib/storage/errors.ts";
import { type Crossing, createSchedule, forEachSeed } from "../support/schedule.ts";
import { chaos, mostCallsInAMinute, type TableState } from "./shared-token-model.ts";
import { createProcess, createWorld, type World } from "./user-sessions-model.ts";

if (process.env.DEEP_RUNS !== undefined) vi.setConfig({ testTimeout: 3_600_000 });

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const kindOf = (error: unknown) => (error instanceof RingCentralError ? error.failure.kind : undefined);
const isExpected = (error: unknown) =>
  error instanceof RingCentralError || error instanceof StorageUnavailable;

/** The tokens in the table are those of a session that RingCentral would still refresh. */
function keepable({ upstream, current }: World, name: string, now: number): boolean {
  const token = current.get(name);
  const session = upstream.sessions.find(
    ({ refresh, previousRefresh }) => token !== undefined && [refresh, previousRefresh].includes(token),
  );
  if (session === undefined || !upstream.isLive(session)) return false;
  // The outcome of a rotation was lost on the way to the table: the former token serves for an hour.
  return session.refresh === token || now < session.rotatedAt + HOUR;
}

/** Refresh tokens sent after their grace: none whose successor has reached the table, and none within the hour. */
function expectNoLateUse({ upstream, wrong, stored }: World): void {
  for (const { session, at } of upstream.usedTooLate) {
    if (stored.has(session.refresh))
      wrong.push(`${session.previousRefresh} is sent again, but it is replaced`);
    if (at < session.rotatedAt + HOUR) wrong.push(`${session.previousRefresh} is sent too late`);
  }
  expect(wrong).toEqual([]);
}

function expectWithinTheBucket({ upstream }: World): void {
  expect(mostCallsInAMinute(upstream.arrivals)).toBeLessThanOrEqual(5);
  expect(upstream.penaltyUntil).toBe(0);
}

describe("the sessions of users", () => {
  it("survive crashes, freezes, lost messages and failures of the table over hours, within the token calls of the app", async () => {
    await forEachSeed(8, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed, ...chaos }));
      const world = createWorld(schedule);
      const { upstream, wrong } = world;
      const names = ["101", "102", "103", "104", "105", "106"];
      const signedOut = new Set<string>();
      /** Log-outs under way, or of processes that crashed: each may still end any session of the user. */
      const leaving: string[] = [];
      let served = 0;
      const end = schedule.clock.now() + 3 * HOUR;

      const act = async (one: ReturnType<typeof createProcess>, name: string) => {
        const withinMs = schedule.between(2, 25) * SECOND;
        if (schedule.chance(0.01)) {
          leaving.push(name);
          await one.signOut(name, withinMs);
          leaving.splice(leaving.indexOf(name), 1);
          signedOut.add(name);
          return;
        }
        if (upstream.newestOf(name) === undefined || schedule.chance(0.02)) {
          await one.signIn(name, withinMs);
          signedOut.delete(name);
          return;
        }
        const session = upstream.newestOf(name);
        const mayEnd = () =>
          signedOut.has(name) || leaving.includes(name) || !keepable(world, name, schedule.clock.now());
        const before = mayEnd();
        try {
          if (await one.callFor(name, withinMs)) served += 1;
        } catch (error) {
          const isLost = kindOf(error) === "session_ended" && session === upstream.newestOf(name);
          if (isLost && !before && !mayEnd()) wrong.push(`the session of ${name} is lost`);
          throw error;
        }
      };
      const arrive = () => {
        if (schedule.clock.now() > end) return;
        const one = createProcess(world);
        one.instance.start(async () => {
          const requests = schedule.between(1, 6);
          for (let n = 0; n < requests; n++) {
            const name = names[schedule.between(0, names.length - 1)] ?? "";
            const work = schedule.chance(0.1) ? one.askService(20 * SECOND) : act(one, name);
            await work.catch((error) => {
              if (!isExpected(error)) wrong.push(String(error));
            });
            await one.instance.clock.sleep(schedule.between(0, schedule.chance(0.5) ? SECOND : 30 * MINUTE));
          }
        });
        schedule.after(schedule.between(0, schedule.chance(0.6) ? 5 * SECOND : 15 * MINUTE), arrive);
      };
      arrive();
      const states: TableState[] = ["away", "slow", "500", "deaf", "lossy"];
      for (let n = 0; n < 3; n++) {
        const from = schedule.between(0, 3 * HOUR);
        const state = states[schedule.between(0, states.length - 1)] ?? "away";
        schedule.after(from, () => {
          world.table.state = state;
        });
        schedule.after(from + schedule.between(SECOND, 20 * MINUTE), () => {
          world.table.state = "up";
        });
      }
      schedule.after(schedule.between(0, 3 * HOUR), () => world.keys.rotate());
      schedule.after(schedule.between(0, 3 * HOUR), () => upstream.endAll("101"));
      await schedule.run();

      expectNoLateUse(world);
      expectWithinTheBucket(world);
      expect(served).toBeGreaterThan(0);

      // When nothing fails any more, each session that can be kept serves.
      schedule.calm();
      world.table.state = "up";
      for (const name of names) {
        const mayServe = !signedOut.has(name) && keepable(world, name, schedule.clock.now());
        const isStored = parseRecord(
          (await world.records.read(sessionKey({ accountId: "37", extensionId: name })))?.value,
        ).token;
        if (!mayServe || isStored === undefined) continue;
        const one = createProcess(world);
        const last = one.instance.start(() => one.callFor(name, 5 * MINUTE));
        await schedule.run();
        expect(await last, `the session of ${name}`).toMatchObject({ status: "done", value: true });
      }
      expectWithinTheBucket(world);
    });
  });

  it("survive a crash at any point of a refresh, which the next process repeats within the grace", async () => {
    await forEachSeed(2, async (seed, keep) => {
      for (let index = 1, isReached = true; isReached; index++) {
        let crossings = Number.NEGATIVE_INFINITY;
        isReached = false;
        const crashAt = ({ instance }: Crossing) => {
          if (instance !== second.instance) return false;
          crossings += 1;
          isReached ||= crossings === index;
          return crossings === index;
        };
        const schedule = keep(createSchedule({ seed, crashAt }));
        const world = createWorld(schedule);
        const [first, second, third] = [createProcess(world), createProcess(world), createProcess(world)];
        first.instance.start(() => first.signIn("101", MINUTE));
        await schedule.run();
        const refreshes = () => world.upstream.arrivals.filter(({ what }) => what.startsWith("refresh"));
        second.instance.start(async () => {
          await second.instance.clock.sleep(10 * MINUTE);
          crossings = 0;
          await second.callFor("101", 25 * SECOND);
        });
        const rest = third.instance.start(async () => {
          await third.instance.clock.sleep(11 * MINUTE);
          return third.callFor("101", 10 * SECOND);
        });
        await schedule.run();
        expect(await rest, `crash ${index}`).toMatchObject({ status: "done", value: true });
        expect(refreshes().length).toBeLessThanOrEqual(2);
        expect(new Set(refreshes().map(({ what }) => what)).size).toBe(1);
        expectNoLateUse(world);
        expect(world.upstream.sessions.filter(world.upstream.isLive)).toHaveLength(1);
      }
    });
  });

  it("are refreshed by one call, whatever the number of processes that need the token", async () => {
    await forEachSeed(2, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed }));
      const world = createWorld(schedule);
      const first = createProcess(world);
      first.instance.start(() => first.signIn("101", MINUTE));
      await schedule.run();
      const calls = Array.from({ length: 100 }, () => {
        const one = createProcess(world);
        return one.instance.start(async () => {
          await one.instance.clock.sleep(10 * MINUTE);
          return one.callFor("101", 20 * SECOND);
        });
      });
      await schedule.run();
      for (const outcome of await Promise.all(calls)) expect(outcome).toMatchObject({ value: true });
      expect(world.upstream.arrivals.map(({ what }) => what)).toEqual(["code of 101", "refresh refresh-1"]);
    });
  });

  it("end when RingCentral ends them, for every process, at one token call", async () => {
    await forEachSeed(3, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed }));
      const world = createWorld(schedule);
      const processes = Array.from({ length: 5 }, () => createProcess(world));
      const [first = createProcess(world)] = processes;
      first.instance.start(() => first.signIn("101", MINUTE));
      await schedule.run();
      const call = () =>
        Promise.all(processes.map((one) => one.instance.start(() => one.callFor("101", 20 * SECOND))));
      const served = call();
      await schedule.run();
      for (const outcome of await served) expect(outcome).toMatchObject({ value: true });
      world.upstream.endAll("101");
      const ended = call();
      await schedule.run();
      for (const outcome of await ended)
        expect(outcome.status === "failed" && kindOf(outcome.error)).toBe("session_ended");
      expect(world.upstream.arrivals.map(({ what }) => what)).toEqual(["code of 101", "refresh refresh-1"]);
      const state = first.instance.start(() => first.stateOf("101"));
      await schedule.run();
      expect(await state).toMatchObject({ value: "ended" });
    });
  });
});

describe("a rush of sign-ins", () => {
  it("is served in turn: who comes back when told is served then, within the app's token calls", async () => {
    await forEachSeed(3, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed }));
      const world = createWorld(schedule);
      const asked: number[] = [];
      const people = Array.from({ length: 40 }, (_, n) => {
        const one = createProcess(world);
        return one.instance.start(async () => {
          await one.instance.clock.sleep(schedule.between(0, 30 * SECOND));
          for (let times = 1; ; times++) {
            const failure = await one.signIn(`${200 + n}`, 3 * SECOND).catch((error) => error);
            if (failure === undefined) return asked.push(times);
            const { retryAfterMs = 0 } = (failure as RingCentralError).failure;
            // A person comes back a few seconds later than told.
            await one.instance.clock.sleep(retryAfterMs + schedule.between(0, 5 * SECOND));
          }
        });
      });
      const service = createProcess(world);
      const request = service.instance.start(async () => {
        await service.instance.clock.sleep(2 * MINUTE);
        const since = service.instance.clock.now();
        await service.askService(25 * SECOND);
        return service.instance.clock.now() - since;
      });
      await schedule.run();

      for (const outcome of await Promise.all(people)) expect(outcome.status).toBe("done");
      expectWithinTheBucket(world);
      expect(asked.filter((times) => times <= 2).length).toBeGreaterThanOrEqual(30);
      expect(Math.max(...asked)).toBeLessThanOrEqual(5);
      // At 4 in 70 s, with room for the clocks and for requests, 40 take about 12 minutes.
      const [first, last] = [world.upstream.arrivals[0]?.at ?? 0, world.upstream.arrivals.at(-1)?.at ?? 0];
      expect(last - first).toBeLessThan(16 * MINUTE);
      // A request passes the line.
      const waited = await request;
      expect(waited.status === "done" && waited.value).toBeLessThan(20 * SECOND);
    });
  });
});
