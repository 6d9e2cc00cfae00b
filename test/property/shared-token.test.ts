import { describe, expect, it, onTestFinished, vi } from "vitest";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import { openToken } from "../../lib/ringcentral/auth/sealed-token.ts";
import { parseRecord } from "../../lib/ringcentral/auth/token-record.ts";
import { settings } from "../../lib/ringcentral/auth/token-settings.ts";
import { createSchedule, forEachSeed, type Outcome } from "../support/schedule.ts";
import {
  chaos,
  createFleet,
  createMember,
  type Fleet,
  mostCallsInAMinute,
  secretVersion,
} from "./shared-token-model.ts";

if (process.env.DEEP_RUNS !== undefined) vi.setConfig({ testTimeout: 3_600_000 });

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Checks every write: generations never fall, their tokens never change and are the lease holder's own. */
function watchOverwrites(fleet: Fleet): string[] {
  const wrong: string[] = [];
  const tokens = new Map<number, string>();
  let before = parseRecord(undefined);
  fleet.records.onWrite = (_key, version, json) => {
    const record = parseRecord(JSON.parse(json));
    const { generation, token } = record;
    if (generation < before.generation) wrong.push(`generation fell to ${generation} at version ${version}`);
    if (token !== undefined) {
      const known = tokens.get(generation);
      if (known !== undefined && known !== token.sealed.text) wrong.push(`generation ${generation} changed`);
      tokens.set(generation, token.sealed.text);
    }
    if (generation > before.generation && token !== undefined) {
      const opened = [1, 2].map((n) =>
        openToken(token.sealed, secretVersion(n), { accountKey: "acct", generation }),
      );
      const writer = opened.find((contents) => contents !== undefined)?.value.split("-of-")[1];
      if (writer === undefined || before.lease?.owner !== writer) {
        wrong.push(`${writer} stored generation ${generation} under the lease of ${before.lease?.owner}`);
      }
    }
    before = record;
  };
  return wrong;
}

function failure(
  kind: "rate_limited" | "unavailable" | "bad_response",
  retryAfterMs?: number,
  mayHaveTakenEffect = false,
): RingCentralError {
  return new RingCentralError({
    kind,
    operation: "login",
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    mayHaveTakenEffect,
  });
}

const valuesOf = <T>(outcomes: Outcome<T>[]) =>
  outcomes.flatMap((outcome) => (outcome.status === "done" ? [outcome.value] : []));
/** Whether an instance stood still between sending a login and storing what it got. */
function frozeInLogin(trace: readonly string[]): boolean {
  const find = (pattern: RegExp) =>
    trace.flatMap((line) => {
      const [, at, who] = pattern.exec(line) ?? [];
      return at === undefined ? [] : [{ at: Number(at), who }];
    });
  const freezes = find(/^ *(\d+) ms +(i\d+) freezes/);
  return find(/^ *(\d+) ms +(i\d+) login/).some((login) =>
    freezes.some(({ at, who }) => who === login.who && Math.abs(at - login.at) <= settings.leaseMs),
  );
}

const isOfTable = (error: unknown) => error instanceof RingCentralError && error.failure.kind === "storage";
const errorsOf = <T>(outcomes: Outcome<T>[]) =>
  outcomes.flatMap((outcome) => (outcome.status === "failed" ? [outcome.error] : []));

describe("the fleet's token", () => {
  it("takes one token call for a thousand simultaneous cold starts", async () => {
    const runs = Math.max(1, Math.ceil(Number(process.env.DEEP_RUNS ?? 300) / 300));
    await forEachSeed(
      runs,
      async (seed, keep) => {
        const schedule = keep(createSchedule({ seed }));
        const fleet = createFleet(schedule);
        const asked = Array.from({ length: 1_000 }, () => {
          const { instance, ask } = createMember(fleet);
          return instance.start(() => ask(20 * SECOND));
        });
        await schedule.run();
        const tokens = valuesOf(await Promise.all(asked));
        expect(tokens).toHaveLength(1_000);
        expect(new Set(tokens.map(({ value }) => value)).size).toBe(1);
        expect(fleet.ringCentral.arrivals).toHaveLength(1);
      },
      process.env.SEED === undefined ? {} : { SEED: process.env.SEED },
    );
  });

  it("survives crashes, freezes and lost, late and repeated messages over hours, within four calls a minute", async () => {
    await forEachSeed(200, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed, ...chaos }));
      const fleet = createFleet(schedule);
      const wrong = watchOverwrites(fleet);
      const handedOut: boolean[] = [];
      const end = schedule.clock.now() + 3 * 60 * MINUTE;
      // Processes come and go; each serves some requests.
      const arrive = () => {
        if (schedule.clock.now() > end) return;
        const { instance, callApi } = createMember(fleet);
        instance.start(async () => {
          const requests = schedule.between(1, 6);
          for (let n = 0; n < requests; n++) {
            await callApi(schedule.between(2, 25) * SECOND).then(
              ({ value }) => handedOut.push(value.startsWith("token-")),
              (error) => expect(error).toBeInstanceOf(RingCentralError),
            );
            await instance.clock.sleep(schedule.between(0, schedule.chance(0.5) ? SECOND : 40 * MINUTE));
          }
        });
        schedule.after(schedule.between(0, schedule.chance(0.7) ? 2 * SECOND : 20 * MINUTE), arrive);
      };
      arrive();
      schedule.after(schedule.between(0, 150 * MINUTE), () => fleet.ringCentral.killAll());
      await schedule.run();

      expect(wrong).toEqual([]);
      expect(mostCallsInAMinute(fleet.ringCentral.arrivals)).toBeLessThanOrEqual(4);
      expect(fleet.ringCentral.penaltyUntil).toBe(0);
      expect(handedOut.length).toBeGreaterThan(0);
    });
  });

  it("recovers from a crash at any point within the lease and one more login", async () => {
    await forEachSeed(15, async (seed, keep) => {
      for (let index = 1; ; index++) {
        const schedule = keep(createSchedule({ seed, crashAt: (crossing) => crossing.index === index }));
        const fleet = createFleet(schedule);
        const first = createMember(fleet);
        const others = [createMember(fleet), createMember(fleet), createMember(fleet)];
        const crashed = first.instance.start(() => first.ask(20 * SECOND));
        const asked = crashed.then((end) => {
          if (end.status !== "crashed") return [];
          return Promise.all(others.map(({ instance, ask }) => instance.start(() => ask(25 * SECOND))));
        });
        await schedule.run();
        const began = (await crashed).at;
        const outcomes = await asked;
        if (outcomes.length === 0) break;
        expect(outcomes.map(({ status }) => status)).toEqual(["done", "done", "done"]);
        // The longest pause between two looks is 1.5 times that: one before the lease has ended, one after the login.
        const within = settings.leaseMs + 2 * 1.5 * settings.maxPollMs + 2 * SECOND;
        for (const { at } of outcomes) expect(at - began).toBeLessThan(within);
        expect(fleet.ringCentral.arrivals.length).toBeLessThanOrEqual(2);
      }
    });
  });

  it("replaces a dead token by exactly one login, whichever instance notices", async () => {
    await forEachSeed(100, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed, pauseRate: 0.005, pauseMs: [SECOND, 8 * SECOND] }));
      const fleet = createFleet(schedule);
      const members = Array.from({ length: 12 }, () => createMember(fleet));
      const asked = members.map(({ instance, callApi }) =>
        instance.start(async () => {
          for (let n = 0; n < 8; n++) {
            await callApi(25 * SECOND);
            await instance.clock.sleep(schedule.between(0, 2 * SECOND));
          }
        }),
      );
      schedule.after(schedule.between(4 * SECOND, 8 * SECOND), () => fleet.ringCentral.killAll());
      await schedule.run();
      // An instance that freezes in two calls of the table in a row takes the table for silent, and says so.
      const errors = errorsOf(await Promise.all(asked)).filter((error) => !isOfTable(error));
      if (!frozeInLogin(schedule.trace())) {
        expect(fleet.ringCentral.issued).toBeLessThanOrEqual(2);
        expect(errors).toEqual([]);
        return;
      }
      // An instance that freezes before it reads its login's response may have to give it up. The pause after that can
      // be longer, with the worst clocks, than the time left to a caller that froze too.
      expect(fleet.ringCentral.issued).toBeLessThanOrEqual(3);
      for (const error of errors) {
        expect(error).toMatchObject({ failure: { kind: "unavailable", retryAfterMs: expect.any(Number) } });
      }
    });
  });

  it("spends at most one call a minute on a wrong secret, and two when the previous one is wrong too", async () => {
    await forEachSeed(25, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed }));
      const fleet = createFleet(schedule);
      const twoVersions = schedule.chance(0.5);
      if (twoVersions) fleet.secret.rotateTo(2);
      fleet.ringCentral.accept(9);
      const rejected: unknown[] = [];
      for (let n = 0; n < 10; n++) {
        const { instance, callApi } = createMember(fleet);
        instance.start(async () => {
          for (let asks = 0; asks < 40; asks++) {
            const began = instance.clock.now();
            await callApi(3 * SECOND).catch((error) => rejected.push(error));
            expect(instance.clock.now() - began).toBeLessThanOrEqual(3 * SECOND);
            await instance.clock.sleep(schedule.between(0, MINUTE));
          }
        });
      }
      await schedule.run();
      const { arrivals } = fleet.ringCentral;
      expect(mostCallsInAMinute(arrivals)).toBe(twoVersions ? 2 : 1);
      // Doubling up to 15 minutes: about 20 minutes hold five tries of each, not twenty.
      expect(arrivals.length).toBeLessThanOrEqual((twoVersions ? 2 : 1) * 6);
      expect(rejected.length).toBeGreaterThan(300);
      for (const error of rejected) {
        expect(error).toBeInstanceOf(RingCentralError);
        if (error instanceof RingCentralError)
          expect(error.failure.retryAfterMs).toBeGreaterThanOrEqual(SECOND);
      }
    });
  });

  it("never calls before Retry-After has passed, by any clock", async () => {
    await forEachSeed(60, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed }));
      const fleet = createFleet(schedule);
      const retryAfterMs = schedule.between(30, 120) * SECOND;
      let limited = 1;
      fleet.ringCentral.respondWith(() =>
        limited-- > 0 ? failure("rate_limited", retryAfterMs) : undefined,
      );
      for (let n = 0; n < 10; n++) {
        const { instance, callApi } = createMember(fleet);
        instance.start(async () => {
          for (let asks = 0; asks < 60; asks++) {
            await callApi(5 * SECOND).catch(() => {});
            await instance.clock.sleep(schedule.between(0, 10 * SECOND));
          }
        });
      }
      await schedule.run();
      const [first, second, ...more] = fleet.ringCentral.arrivals;
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(retryAfterMs);
      expect(second?.outcome).toBe("token");
      expect(more).toEqual([]);
    });
  });

  const orders = ["secret first, then RingCentral", "RingCentral first, then the secret"] as const;
  it.each(orders)("rotates without a failed request: %s", async (order) => {
    await forEachSeed(60, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed }));
      const fleet = createFleet(schedule);
      const secretIsFirst = order === orders[0];
      const beginAt = schedule.between(30 * SECOND, 130 * MINUTE);
      const gapMs = schedule.between(0, 4 * MINUTE);
      const killsTokens = secretIsFirst && schedule.chance(0.5);
      const rotateSecret = () => fleet.secret.rotateTo(2);
      const rotateRingCentral = () => {
        fleet.ringCentral.accept(2);
        if (killsTokens) fleet.ringCentral.killAll();
      };
      schedule.after(beginAt, secretIsFirst ? rotateSecret : rotateRingCentral);
      schedule.after(beginAt + gapMs, secretIsFirst ? rotateRingCentral : rotateSecret);

      const asked: Promise<Outcome<void>>[] = [];
      for (let n = 0; n < 6; n++) {
        const { instance, callApi } = createMember(fleet);
        asked.push(
          instance.start(async () => {
            while (schedule.clock.now() < Date.UTC(2026, 0, 1, 3)) {
              await callApi(25 * SECOND);
              await instance.clock.sleep(schedule.between(SECOND, 2 * MINUTE));
            }
          }),
        );
      }
      // Cold starts during the rotation.
      for (const ms of [
        beginAt - 1,
        beginAt + 1,
        beginAt + gapMs / 2,
        beginAt + gapMs + 1,
        beginAt + gapMs + MINUTE,
      ]) {
        const { instance, callApi } = createMember(fleet);
        asked.push(
          instance.start(async () => {
            await instance.clock.sleep(Math.max(0, ms));
            await callApi(25 * SECOND);
          }),
        );
      }
      await schedule.run();
      expect(errorsOf(await Promise.all(asked))).toEqual([]);
      expect(mostCallsInAMinute(fleet.ringCentral.arrivals)).toBeLessThanOrEqual(4);
      expect(fleet.ringCentral.arrivals.at(-1)).toMatchObject({ outcome: "token", secret: "secret-2" });
    });
  });

  it("keeps to four calls a minute on every clock, also when nothing else slows it down", async () => {
    const delays = [
      "repetitionDelayMs",
      "loginBackoffMs",
      "credentialBackoffMs",
      "renewRetryMs",
      "secretRereadMs",
    ] as const;
    for (const delay of delays) vi.spyOn(settings, delay, "get").mockReturnValue(0);
    onTestFinished(() => void vi.restoreAllMocks());
    await forEachSeed(25, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed, crashRate: 0.005, pauseRate: 0.005 }));
      const fleet = createFleet(schedule);
      fleet.ringCentral.respondWith(() => (schedule.chance(0.5) ? failure("bad_response") : undefined));
      const end = schedule.clock.now() + 8 * MINUTE;
      const arrive = () => {
        if (schedule.clock.now() > end) return;
        const { instance, tokens, ask } = createMember(fleet);
        instance.start(async () => {
          for (let asks = 0; asks < 5; asks++) {
            const token = await ask(20 * SECOND).catch(() => undefined);
            if (token !== undefined && schedule.chance(0.7)) tokens.reject(token);
          }
        });
        schedule.after(schedule.between(0, 10 * SECOND), arrive);
      };
      arrive();
      await schedule.run();
      expect(mostCallsInAMinute(fleet.ringCentral.arrivals)).toBeLessThanOrEqual(4);
      // The budget is under test, so the budget must have been the limit.
      expect(fleet.ringCentral.arrivals.length).toBeGreaterThan(16);
    });
  });

  it("tries a corrected secret at once, although the wrong one is still cached and in backoff", async () => {
    await forEachSeed(15, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed }));
      const fleet = createFleet(schedule);
      fleet.ringCentral.accept(2);
      const correctedAt = schedule.clock.now() + schedule.between(2 * MINUTE, 10 * MINUTE);
      schedule.after(correctedAt - schedule.clock.now(), () => fleet.secret.rotateTo(2));
      for (let n = 0; n < 4; n++) {
        const { instance, callApi } = createMember(fleet);
        instance.start(async () => {
          while (schedule.clock.now() < correctedAt + MINUTE) {
            await callApi(5 * SECOND).catch(() => {});
            await instance.clock.sleep(schedule.between(SECOND, 5 * SECOND));
          }
        });
      }
      await schedule.run();
      const success = fleet.ringCentral.arrivals.find(({ outcome }) => outcome === "token");
      expect((success?.at ?? Number.POSITIVE_INFINITY) - correctedAt).toBeLessThan(25 * SECOND);
    });
  });

  it("serves through a login outage around the token's end, with growing backoff", async () => {
    await forEachSeed(30, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed }));
      const fleet = createFleet(schedule);
      const began = schedule.clock.now();
      const mayOpenSessions = schedule.chance(0.5);
      const outage = { from: began + 49 * MINUTE, to: began + 57 * MINUTE };
      fleet.ringCentral.respondWith(() => {
        const now = schedule.clock.now();
        return now > outage.from && now < outage.to
          ? failure("unavailable", undefined, mayOpenSessions)
          : undefined;
      });
      const asked = Array.from({ length: 6 }, () => {
        const { instance, callApi } = createMember(fleet, { skewMs: schedule.between(-1_000, 1_000) });
        return instance.start(async () => {
          while (schedule.clock.now() < began + 70 * MINUTE) {
            await callApi(10 * SECOND);
            await instance.clock.sleep(schedule.between(SECOND, 20 * SECOND));
          }
        });
      });
      await schedule.run();
      expect(errorsOf(await Promise.all(asked))).toEqual([]);
      const failed = fleet.ringCentral.arrivals.filter(({ outcome }) => outcome === "unavailable");
      expect(failed.length).toBeGreaterThan(3);
      expect(failed.length).toBeLessThanOrEqual(11);
    });
  });

  it("slows down when RingCentral rejects every token as soon as it is used", async () => {
    await forEachSeed(30, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed }));
      const fleet = createFleet(schedule);
      for (let n = 0; n < 5; n++) {
        const { instance, tokens, ask } = createMember(fleet);
        instance.start(async () => {
          for (let asks = 0; asks < 60; asks++) {
            const token = await ask(3 * SECOND).catch(() => undefined);
            if (token !== undefined) tokens.reject(token);
            await instance.clock.sleep(schedule.between(0, 20 * SECOND));
          }
        });
      }
      await schedule.run();
      expect(mostCallsInAMinute(fleet.ringCentral.arrivals)).toBeLessThanOrEqual(4);
      expect(fleet.ringCentral.arrivals.length).toBeLessThanOrEqual(8);
    });
  });
});
