import { describe, expect, it } from "vitest";
import { deadlineIn } from "../../../../lib/platform/deadline.ts";
import { RingCentralError } from "../../../../lib/ringcentral/api/errors.ts";
import type {
  AdmissionRequest,
  Observation,
  Permit,
  RateLimitEvent,
} from "../../../../lib/ringcentral/rate-limit/ports.ts";
import { SharedRateLimiter } from "../../../../lib/ringcentral/rate-limit/shared-rate-limiter.ts";
import { StorageUnavailable } from "../../../../lib/storage/errors.ts";
import { createMemoryRecordStore } from "../../../support/memory-record-store.ts";
import { createSchedule, type Schedule } from "../../../support/schedule.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const good = (group = "light", remaining?: number): Observation => ({
  group,
  status: 200,
  limit: 50,
  ...(remaining !== undefined && { remaining }),
  windowSeconds: 60,
  withoutHeaders: false,
});
const exhausted = (group = "light"): Observation => ({
  group,
  status: 429,
  limit: 50,
  remaining: 0,
  windowSeconds: 60,
  retryAfterMs: MINUTE,
  errorCode: "CMN-301",
  withoutHeaders: false,
});

/** Runs a story in virtual time; the table responds at once and is counted. */
async function story(tell: (world: World) => Promise<void>): Promise<void> {
  const schedule = createSchedule({ seed: 1 });
  const records = createMemoryRecordStore();
  const cost = { reads: 0, writes: 0 };
  records.faults.before = ({ operation }) => {
    if (operation === "read") cost.reads += 1;
    else cost.writes += 1;
    if (world.isDown) throw new StorageUnavailable("down");
  };
  const events: RateLimitEvent[] = [];
  const process = (name: string, fleetSize = 1) => {
    const instance = schedule.instance({ name, skewMs: 0 });
    const { now, sleep } = instance.clock;
    const rateLimiter = new SharedRateLimiter({
      records,
      clock: { now, sleep: (ms, signal) => sleep(ms + world.oversleepMs, signal) },
      random: () => 0.5,
      accountKey: "37",
      instanceId: name,
      time: { now: () => ({ earliest: instance.clock.now(), latest: instance.clock.now() + 10 }) },
      fleetSize,
      onEvent: (event) => events.push(event),
    });
    const admit = (more: Partial<AdmissionRequest> = {}, withinMs = 10 * SECOND) =>
      rateLimiter.admit({
        group: "light",
        priority: "interactive",
        route: "GET /v1/overview",
        deadline: deadlineIn(withinMs, instance.clock, 0),
        ...more,
      });
    const call = async (observation = good(), more: Partial<AdmissionRequest> = {}) =>
      (await admit(more)).observe(observation);
    return { rateLimiter, admit, call };
  };
  const world: World = { schedule, records, cost, events, process, isDown: false, oversleepMs: 0 };
  let failure: unknown;
  let done = false;
  schedule
    .instance({ skewMs: 0 })
    .start(() => tell(world))
    .then((outcome) => {
      done = true;
      if (outcome.status === "failed") failure = outcome.error;
    });
  await schedule.run();
  if (failure !== undefined) throw failure;
  expect(done).toBe(true);
}

interface Process {
  rateLimiter: SharedRateLimiter;
  admit(more?: Partial<AdmissionRequest>, withinMs?: number): Promise<Permit>;
  call(observation?: Observation, more?: Partial<AdmissionRequest>): Promise<void>;
}

interface World {
  schedule: Schedule;
  records: ReturnType<typeof createMemoryRecordStore>;
  cost: { reads: number; writes: number };
  events: RateLimitEvent[];
  process(name: string, fleetSize?: number): Process;
  isDown: boolean;
  /** How much longer each sleep takes, because the process stands still. */
  oversleepMs: number;
}

async function rejectionOf(admission: Promise<unknown>) {
  const error = await admission.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RingCentralError)) throw new Error("was admitted");
  return error.failure;
}

describe("the shared rate limiter", () => {
  it("writes once for the next request of a lone process, and prefetches in quick succession", () =>
    story(async ({ process, cost, schedule }) => {
      const { call } = process("a");
      await call();
      await schedule.clock.sleep(10 * SECOND);
      await call();
      await schedule.clock.sleep(10 * SECOND);
      Object.assign(cost, { reads: 0, writes: 0 });
      await call();
      expect(cost).toEqual({ reads: 0, writes: 1 });
      Object.assign(cost, { reads: 0, writes: 0 });
      for (let n = 0; n < 12; n++) await call();
      expect(cost.reads).toBe(0);
      expect(cost.writes).toBeLessThanOrEqual(4);
    }));

  it("writes without reading until it has lost a race, and then once it has proved to be alone", () =>
    story(async ({ process, cost, schedule }) => {
      const [one, other] = [process("a"), process("b")];
      await other.call();
      const costOf = async () => {
        await schedule.clock.sleep(10 * SECOND);
        Object.assign(cost, { reads: 0, writes: 0 });
        await one.call();
        return { ...cost };
      };
      await costOf();
      expect(await costOf()).toEqual({ reads: 0, writes: 1 });
      await other.call();
      expect((await costOf()).reads).toBeGreaterThan(0);
      expect(await costOf()).toEqual({ reads: 1, writes: 1 });
      expect(await costOf()).toEqual({ reads: 0, writes: 1 });
    }));

  it("serves concurrent calls with one write", () =>
    story(async ({ process, cost }) => {
      const { call } = process("a");
      await call();
      Object.assign(cost, { reads: 0, writes: 0 });
      await Promise.all([call(), call(), call(), call()]);
      expect(cost.writes).toBe(1);
    }));

  it("shares one budget between processes", () =>
    story(async ({ process }) => {
      const [one, two] = [process("a"), process("b")];
      await one.call();
      for (let n = 0; n < 24; n++) {
        await one.call();
        await two.call();
      }
      const others = await two.rateLimiter.describe();
      const { granted = 0 } = others.find(({ group }) => group === "light") ?? {};
      expect(granted).toBeGreaterThanOrEqual(49);
      for (let n = 0; n < 50 - granted; n++) await two.call();
      const { kind, retryAfterMs = 0, mayHaveTakenEffect } = await rejectionOf(one.admit());
      expect({ kind, mayHaveTakenEffect }).toEqual({ kind: "rate_limited", mayHaveTakenEffect: false });
      expect(retryAfterMs).toBeGreaterThan(55 * SECOND);
    }));

  it("names the operation that it rejects", () =>
    story(async ({ process }) => {
      const { admit, call } = process("a");
      await call(exhausted());
      const failure = await rejectionOf(admit({ operation: "listBlockedNumbers" }));
      expect(failure).toMatchObject({ kind: "rate_limited", operation: "listBlockedNumbers" });
    }));

  it("rejects without asking the table again while its copy is fresh", () =>
    story(async ({ process, cost }) => {
      const { call, admit } = process("a");
      const heavy = { group: "heavy" } as const;
      await call({ ...good("heavy"), limit: 1 }, heavy);
      await rejectionOf(admit(heavy));
      Object.assign(cost, { reads: 0, writes: 0 });
      await rejectionOf(admit(heavy));
      expect(cost).toEqual({ reads: 0, writes: 0 });
    }));

  it("rejects at once when the permit would come after the deadline, and waits when it would not", () =>
    story(async ({ process, schedule }) => {
      const { call, admit } = process("a");
      const heavy = { group: "heavy" } as const;
      await call({ ...good("heavy"), limit: 1 }, heavy);
      await schedule.clock.sleep(59_500);
      const before = schedule.clock.now();
      const { retryAfterMs = 0 } = await rejectionOf(admit(heavy, 2_500));
      expect(schedule.clock.now()).toBe(before);
      expect(retryAfterMs).toBeGreaterThanOrEqual(SECOND);
      await (await admit(heavy, 10 * SECOND)).observe({ ...good("heavy"), limit: 1 });
      expect(schedule.clock.now() - before).toBeLessThan(3 * SECOND);
      expect(schedule.clock.now() - before).toBeGreaterThan(SECOND);
    }));

  it("counts the permit of an unsent request until its window is over", () =>
    story(async ({ process, schedule }) => {
      const { admit, rateLimiter } = process("a");
      await (await admit()).release(false);
      expect((await rateLimiter.describe())[0]?.granted).toBe(1);
      await schedule.clock.sleep(MINUTE + 2 * SECOND);
      expect((await rateLimiter.describe())[0]?.granted).toBe(0);
    }));

  it("learns the limit from the first response, and reports it", () =>
    story(async ({ process, events, records }) => {
      const { call, rateLimiter } = process("a");
      await call({ ...good(), limit: 20 });
      expect(events).toContainEqual({ type: "limit_learned", group: "light", limit: 20, windowMs: MINUTE });
      expect((await rateLimiter.describe())[0]).toMatchObject({ group: "light", limit: 20, confirmed: true });
      expect(records.dump()).toHaveLength(1);
    }));

  it("uses the group RingCentral names, and tells the other processes", () =>
    story(async ({ process, events, schedule }) => {
      const operation = "listBlockedNumbers";
      const [one, two] = [process("a"), process("b")];
      await one.call(good("lite"), { operation });
      expect(events).toContainEqual({ type: "group_renamed", documented: "light", group: "lite" });
      await one.call(good("lite"), { operation });
      await two.call(good("light"));
      await two.call(good("lite"), { operation });
      const described = await two.rateLimiter.describe();
      expect(described.map(({ group }) => group)).toContain("lite");
      expect(described.find(({ group }) => group === "lite")?.granted).toBeGreaterThanOrEqual(2);
      expect(events.filter(({ type }) => type === "group_renamed")).toHaveLength(1);
      await one.call({ ...good("lite"), limit: 1 }, { operation });
      await schedule.clock.sleep(2 * SECOND);
      expect(await rejectionOf(one.admit({ operation }))).toMatchObject({ kind: "rate_limited" });
      await one.admit();
    }));

  it("stops at once after a 429, here and elsewhere, and sends one probe when the time has come", () =>
    story(async ({ process, events, schedule, cost }) => {
      const [one, two] = [process("a"), process("b")];
      await one.call();
      await two.call();
      await one.call(exhausted());
      expect(await rejectionOf(one.admit())).toMatchObject({ kind: "rate_limited" });
      expect((await rejectionOf(two.admit())).retryAfterMs).toBeGreaterThan(MINUTE);
      Object.assign(cost, { reads: 0, writes: 0 });
      await rejectionOf(two.admit());
      await rejectionOf(one.admit());
      expect(cost).toEqual({ reads: 0, writes: 0 });
      expect((await two.rateLimiter.describe())[0]?.pause.state).toBe("paused");

      await schedule.clock.sleep(MINUTE + 4 * SECOND);
      const probe = await two.admit();
      expect((await one.rateLimiter.describe())[0]?.pause.state).toBe("probing");
      await rejectionOf(one.admit({}, 2 * SECOND));
      await probe.observe(good("light", 49));
      await one.call();
      expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(["paused", "probe", "resumed"]));
    }));

  it("ends a pause at once when an operator deletes the record, but for RingCentral's penalty here", () =>
    story(async ({ process, schedule, records }) => {
      const [one, two] = [process("a"), process("b")];
      await two.call();
      await one.call();
      await one.call(exhausted());
      await schedule.clock.sleep(MINUTE + 4 * SECOND);
      // Its probe fails, and its last two writes are its own: it trusts its copy.
      await one.call(exhausted());
      await schedule.clock.sleep(MINUTE + 4 * SECOND);
      await rejectionOf(one.admit());
      await rejectionOf(two.admit());
      for (const { key, version } of records.dump()) await records.remove(key, version);
      await schedule.clock.sleep(2 * SECOND);
      await two.call();
      await one.call();
      await two.call(exhausted());
      for (const { key, version } of records.dump()) await records.remove(key, version);
      await schedule.clock.sleep(2 * SECOND);
      expect(await rejectionOf(two.admit())).toMatchObject({ kind: "rate_limited" });
      await one.call();
    }));

  it("does not take a duplicate concurrent request for exhaustion", () =>
    story(async ({ process }) => {
      const { call } = process("a");
      await call();
      await call({ ...good(), status: 429, errorCode: "CMN-304" });
      await call();
    }));

  it("pauses every group after a 429 without headers, and resumes all by one probe", () =>
    story(async ({ process, schedule, events }) => {
      const [one, two] = [process("a"), process("b")];
      await one.call();
      await two.call(good("medium"), { group: "medium" });
      await one.call({ group: "light", status: 429, withoutHeaders: true, retryAfterMs: MINUTE });
      for (const group of ["light", "medium", "heavy"] as const) {
        expect((await rejectionOf(two.admit({ group }))).retryAfterMs).toBeGreaterThan(MINUTE);
      }
      await schedule.clock.sleep(MINUTE + 2 * SECOND);
      const probe = await two.admit({ group: "medium" });
      await rejectionOf(one.admit({ group: "light" }, 2 * SECOND));
      await probe.observe(good("medium"));
      await one.call();
      await one.call(good("heavy"), { group: "heavy" });
      expect(events.filter(({ type }) => type === "probe")).toHaveLength(1);
    }));

  it("sends another probe when one was not sent", () =>
    story(async ({ process, schedule }) => {
      const { call, admit } = process("a");
      await call();
      await call(exhausted());
      await schedule.clock.sleep(MINUTE + 4 * SECOND);
      await (await admit()).release(false);
      await call(good("light", 49));
      await call();
    }));

  it("spends its share of the limit without the table, and reports it later", () =>
    story(async (world) => {
      const { process, events, schedule } = world;
      const { call, admit, rateLimiter } = process("a");
      await call();
      world.isDown = true;
      await schedule.clock.sleep(2 * SECOND);
      for (let n = 0; n < 20; n++) await call();
      expect(await rejectionOf(admit())).toMatchObject({ kind: "storage" });
      expect(await rejectionOf(admit({ priority: "sync" }))).toMatchObject({ kind: "storage" });
      expect(events).toContainEqual({ type: "degraded", reason: "storage unavailable: down" });
      expect((await rateLimiter.describe())[0]).toMatchObject({ seenBy: "process", granted: 21 });
      world.isDown = false;
      await schedule.clock.sleep(16 * SECOND);
      await call();
      expect(events.map(({ type }) => type)).toContain("recovered");
      expect((await rateLimiter.describe())[0]).toMatchObject({ seenBy: "fleet", granted: 22 });
    }));

  it("bridges a short failure of the table, and rejects within two seconds in a longer one", () =>
    story(async (world) => {
      const { process, schedule } = world;
      const { call, admit } = process("a", 100);
      await call();
      world.isDown = true;
      schedule.after(500, () => {
        world.isDown = false;
      });
      await call();
      await schedule.clock.sleep(2 * SECOND);
      world.isDown = true;
      const startedAt = schedule.clock.now();
      expect(await rejectionOf(admit())).toMatchObject({ kind: "storage" });
      expect(schedule.clock.now() - startedAt).toBeLessThanOrEqual(2 * SECOND);
    }));

  it("takes a late response of the table for a failure, and does not use its permits", () =>
    story(async ({ process, schedule, records, events }) => {
      const { call, admit } = process("a", 100);
      await call();
      records.faults.after = () => schedule.clock.sleep(700);
      const startedAt = schedule.clock.now();
      expect(await rejectionOf(admit())).toMatchObject({ kind: "storage" });
      expect(schedule.clock.now() - startedAt).toBeLessThanOrEqual(2 * SECOND);
      expect(events.map(({ type }) => type)).toContain("degraded");
    }));

  it.each([
    ["five of them, for longer than the wait, end with a permit", 5, undefined, []],
    ["eight of them end with a wait for the budget", 8, "rate_limited", ["contention"]],
  ])("does not take lost races for a slow table: %s", (_, losses, kind, types) =>
    story(async ({ process, schedule, records, events }) => {
      const { admit } = process("a", 100);
      let left = losses;
      records.faults.before = ({ operation, key }) => {
        if (operation === "compareAndSet" && left-- > 0) records.plant(key, losses - left, "{}");
        return schedule.clock.sleep(60);
      };
      const startedAt = schedule.clock.now();
      const failure = kind && (await rejectionOf(admit()));
      expect(failure).toEqual(kind && expect.objectContaining({ kind }));
      if (kind === undefined) await admit();
      expect(schedule.clock.now() - startedAt).toBeGreaterThan(1_200);
      expect(events.map(({ type }) => type)).toEqual(types);
    }),
  );

  it("names the table after lost races when it has been slow too", () =>
    story(async ({ process, schedule, records, events }) => {
      const { admit } = process("a", 100);
      let [exchanges, losses] = [0, 0];
      records.faults.before = ({ operation, key }) => {
        if (operation === "compareAndSet") records.plant(key, ++losses, "{}");
        return schedule.clock.sleep(++exchanges <= 2 ? 320 : 2);
      };
      expect((await rejectionOf(admit())).kind).toBe("storage");
      expect(events.map(({ type }) => type)).toEqual(["contention"]);
    }));

  it("does not use a permit for whose slot its process woke up too late", () =>
    story(async (world) => {
      const { call, admit } = world.process("a");
      const heavy = { group: "heavy" } as const;
      await call({ ...good("heavy", 0), limit: 1 }, heavy);
      await world.schedule.clock.sleep(59 * SECOND);
      world.oversleepMs = 2 * SECOND;
      const { kind, retryAfterMs } = await rejectionOf(admit(heavy));
      expect(kind).toBe("rate_limited");
      // The permit counts as used until its window is over.
      expect(retryAfterMs).toBeGreaterThan(55 * SECOND);
      world.oversleepMs = 0;
      await world.schedule.clock.sleep(retryAfterMs ?? 0);
      await admit(heavy);
    }));

  it("tells of a 429 it got without the table at once, and writes it later", () =>
    story(async (world) => {
      const { process, schedule, events } = world;
      const [one, two] = [process("a"), process("b")];
      await one.call();
      world.isDown = true;
      await schedule.clock.sleep(2 * SECOND);
      await one.call(exhausted());
      expect(events.filter(({ type }) => type === "paused")).toMatchObject([
        { group: "light", errorCode: "CMN-301" },
      ]);
      expect(await rejectionOf(one.admit())).toMatchObject({ kind: "rate_limited" });
      world.isDown = false;
      await schedule.clock.sleep(20 * SECOND);
      await rejectionOf(one.admit());
      await rejectionOf(two.admit());
      expect((await two.rateLimiter.describe())[0]?.pause.state).toBe("paused");
    }));

  it("counts an unanswered request once more when it may have arrived after its log entry, and tells the others at once", () =>
    story(async ({ process, schedule }) => {
      const [one, two] = [process("a"), process("b")];
      const heavy = { group: "heavy" } as const;
      const granted = async () =>
        (await two.rateLimiter.describe()).find(({ group }) => group === "heavy")?.granted;
      await one.call({ ...good("heavy"), limit: 2 }, heavy);
      const permit = await one.admit(heavy);
      await schedule.clock.sleep(30 * SECOND);
      await permit.release(true);
      expect(await granted()).toBe(3);
      await schedule.clock.sleep(35 * SECOND);
      expect(await granted()).toBe(1);
    }));

  it("counts requests without the table, answered or not, and has one of them in flight", () =>
    story(async (world) => {
      const { process, schedule } = world;
      const { call, admit, rateLimiter } = process("a");
      await call();
      world.isDown = true;
      await schedule.clock.sleep(2 * SECOND);
      await (await admit()).release(true);
      await (await admit()).release(true);
      await (await admit()).release(false);
      expect(await rejectionOf(admit({ priority: "sync" }))).toMatchObject({ kind: "storage" });
      world.isDown = false;
      await schedule.clock.sleep(16 * SECOND);
      await call();
      expect((await rateLimiter.describe())[0]).toMatchObject({ seenBy: "fleet", granted: 4 });
    }));

  it("keeps to a pause that it knows from the table while the table is away", () =>
    story(async (world) => {
      const { process, schedule } = world;
      const [one, two] = [process("a"), process("b")];
      await two.call();
      await one.call(exhausted());
      await rejectionOf(two.admit());
      await schedule.clock.sleep(10 * SECOND);
      world.isDown = true;
      expect(await rejectionOf(two.admit())).toMatchObject({ kind: "rate_limited" });
    }));

  it("uses no prefetched permit during a pause of which it has read", () =>
    story(async ({ process, schedule }) => {
      const [one, two] = [process("a"), process("b")];
      await two.call(good("medium"), { group: "medium" });
      await one.call();
      await schedule.clock.sleep(2 * SECOND);
      for (let n = 0; n < 4; n++) await one.call();
      await two.call(exhausted(), { group: "medium", operation: "another" });
      await one.call(good("heavy"), { group: "heavy" });
      expect(await rejectionOf(one.admit())).toMatchObject({ kind: "rate_limited" });
    }));

  it("does not use a slot that it has waited for when a pause has begun meanwhile", () =>
    story(async ({ process, schedule }) => {
      const [one, two] = [process("a"), process("b")];
      const heavy = { group: "heavy" } as const;
      await one.call({ ...good("heavy", 0), limit: 1 }, heavy);
      await schedule.clock.sleep(59 * SECOND);
      const waiting = rejectionOf(one.admit(heavy));
      await schedule.clock.sleep(SECOND / 2);
      await two.call(exhausted("heavy"));
      expect(await waiting).toMatchObject({ kind: "rate_limited" });
    }));

  it("describes the calls left and the routes that spent them", () =>
    story(async ({ process, schedule }) => {
      const { call, rateLimiter } = process("a");
      await call(good("light", 41), { route: "GET /v1/a" });
      await schedule.clock.sleep(2 * SECOND);
      await call(good(), { route: "GET /v1/b", priority: "sync" });
      const [light, medium, heavy] = await rateLimiter.describe();
      expect(light).toMatchObject({
        group: "light",
        limit: 50,
        granted: 2,
        external: 8,
        remaining: 40,
        pause: { state: "none" },
        spentByRoute: { "GET /v1/a": { interactive: 1, sync: 0 }, "GET /v1/b": { interactive: 0, sync: 1 } },
        seenBy: "fleet",
      });
      expect([medium?.limit, heavy?.limit]).toEqual([40, 10]);
    }));
});
