import { parsePhoneNumberFromString } from "libphonenumber-js/min";
import { describe, expect, it, vi } from "vitest";
import { ProblemError } from "../../lib/contract/problems.ts";
import type { HttpResponse } from "../../lib/http/response.ts";
import {
  createSchedule,
  forEachSeed,
  type Outcome,
  type Schedule,
  type ScheduleOptions,
} from "../support/schedule.ts";
import { createWorld, type Intent } from "./write-once-model.ts";

if (process.env.DEEP_RUNS !== undefined) vi.setConfig({ testTimeout: 3_600_000 });

/** Processes crash and freeze, messages to the table are lost, late or repeated, and clocks differ by up to 6 s. */
const chaos: Omit<ScheduleOptions, "seed"> = {
  maxSkewMs: 3_000,
  crashRate: 0.02,
  pauseRate: 0.01,
  pauseMs: [1_000, 8_000],
  loseRequestRate: 0.01,
  lateRequestRate: 0.01,
  loseResponseRate: 0.01,
  duplicateRate: 0.03,
};

const NUMBER = "+12025550143";
const mine: Intent = { phoneNumber: NUMBER, label: "Mine", flipNumber: 3 };
const others: readonly Intent[] = [
  { phoneNumber: NUMBER, label: "Office", flipNumber: 3 },
  { phoneNumber: NUMBER, label: "Mine", flipNumber: 4 },
];

const failed = (error: object) => ({ status: "failed", error: expect.objectContaining(error) });

type World = ReturnType<typeof createWorld>;
type Reply = Outcome<HttpResponse>;

/** Other callers add the same number with another label or flip number, at any time. */
function disturb(schedule: Schedule, { ringCentral }: World): void {
  for (const intent of others) {
    if (schedule.chance(0.5)) schedule.after(schedule.between(0, 60_000), () => ringCentral.store(intent));
  }
}

/**
 * The caller's request. When it is rejected because the number is listed, the response names an entry that is not as
 * asked for, and the write has had no effect and will have none.
 */
async function postMine({ ringCentral, post }: World, key?: string): Promise<Reply> {
  const reply = await post(mine, key);
  const listed = listedAlready(reply);
  if (listed === undefined) return reply;
  const { label, flipNumber } = ringCentral.entries.find(({ id }) => id === listed) ?? {};
  expect(others).toContainEqual({ phoneNumber: NUMBER, label, flipNumber: Number(flipNumber) });
  expect([ringCentral.effectsOf(mine), ringCentral.lateEffects()]).toEqual([0, 0]);
  return reply;
}

/** The id of the entry that is in the way of a request. */
function listedAlready(reply: Reply): string | undefined {
  if (reply.status !== "failed" || !(reply.error instanceof ProblemError)) return undefined;
  if (reply.error.code !== "number_already_listed") return undefined;
  return /forwarding number (\d+)/.exec(reply.error.details.detail ?? "")?.[1] ?? "none";
}

/** A caller repeats its request, when it is told to or at any other time, and sometimes twice at a time. */
async function repeat(schedule: Schedule, world: World, replies: Reply[]): Promise<void> {
  const times = schedule.between(1, 8);
  for (let n = 0; n < times; n++) {
    const atOnce = schedule.chance(0.2) ? 2 : 1;
    const latest = await Promise.all(Array.from({ length: atOnce }, () => postMine(world, "key")));
    replies.push(...latest);
    const waits = [1_000 * retryAfterOf(latest), 2_000, 30_000, 200_000];
    const longest = waits[schedule.between(0, 3)] ?? 0;
    await schedule.clock.sleep(schedule.chance(0.5) ? longest : schedule.between(0, longest));
  }
}

function retryAfterOf(replies: readonly Reply[]): number {
  const waits = replies.map((reply) =>
    reply.status === "failed" && reply.error instanceof ProblemError
      ? reply.error.details.retryAfterSeconds
      : 0,
  );
  return Math.max(...waits.map((seconds = 0) => seconds));
}

const bodiesOf = (replies: readonly Reply[]): Record<string, unknown>[] =>
  replies.flatMap((reply) => (reply.status === "done" ? [JSON.parse(reply.value.body ?? "")] : []));

function expectAsAsked(bodies: readonly Record<string, unknown>[]): void {
  for (const { phoneNumber, label, type, flipNumber } of bodies) {
    expect(parsePhoneNumberFromString(String(phoneNumber), "US")?.number).toBe(mine.phoneNumber);
    expect({ label, type, flipNumber }).toEqual({
      label: mine.label,
      type: "Other",
      flipNumber: mine.flipNumber,
    });
  }
}

/**
 * RingCentral works and nothing fails any more: a caller that keeps repeating its request gets its response, once it has
 * removed the entries that are in its way.
 */
async function respondInTheEnd(schedule: Schedule, world: World): Promise<HttpResponse> {
  world.ringCentral.isCalm = true;
  for (let n = 0; n < 20; n++) {
    const reply = postMine(world, "key");
    schedule.after(140_000, () => {});
    await schedule.run();
    const outcome = await reply;
    if (outcome.status === "done") return outcome.value;
    if (listedAlready(outcome) !== undefined) world.ringCentral.removeAllBut(mine);
  }
  throw new Error("no response in 20 repetitions");
}

describe("a POST with an Idempotency-Key, repeated at any time", () => {
  it("takes effect once, however late RingCentral acts, and returns what was asked for", async () => {
    await forEachSeed(1_000, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed, ...chaos }));
      const world = createWorld(schedule);
      const replies: Reply[] = [];
      disturb(schedule, world);
      const caller = repeat(schedule, world, replies);
      await schedule.run();
      await caller;
      const bodies = bodiesOf(replies);
      expectAsAsked(bodies);
      expect(world.ringCentral.effectsOf(mine)).toBeLessThanOrEqual(1);
      const last = await respondInTheEnd(schedule, world);
      expect(world.ringCentral.effectsOf(mine)).toBe(1);
      for (const body of bodies) expect(body).toEqual(JSON.parse(last.body ?? ""));
    });
  });
});

describe("a POST with an Idempotency-Key that takes effect late", () => {
  it("is not sent again before, however the clocks differ, and whatever the read cache holds", async () => {
    await forEachSeed(500, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed, maxSkewMs: chaos.maxSkewMs ?? 0 }));
      const world = createWorld(schedule);
      const { ringCentral, post, list } = world;
      Object.assign(ringCentral, {
        isCalm: true,
        nextEffectMs: 120_000,
        listAwayMs: schedule.between(0, 1_000),
      });
      // The two minutes count from the sending, not from the request, also if the process dies right after it.
      Object.assign(ringCentral, {
        waitMs: schedule.between(0, 7_000),
        isSenderKilled: schedule.chance(0.5),
      });
      const replies = [post(mine, "key")];
      for (let atMs = 100_000; atMs < 150_000; atMs += schedule.between(500, 3_000)) {
        schedule.after(atMs, () => void (schedule.chance(0.3) ? list() : replies.push(post(mine, "key"))));
      }
      await schedule.run();
      expect(ringCentral.effectsOf(mine)).toBe(1);
      expect((await Promise.all(replies)).some(({ status }) => status === "done")).toBe(true);
    });
  });
});

describe("a POST with an Idempotency-Key that takes all the time of its process", () => {
  it("is left alone by other processes meanwhile, however the clocks differ", async () => {
    let meanwhile = 0;
    await forEachSeed(100, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed, maxSkewMs: chaos.maxSkewMs ?? 0 }));
      const { ringCentral, post } = createWorld(schedule);
      // The last look finds the effect.
      Object.assign(ringCentral, { isCalm: true, waitMs: 7_000, nextEffectMs: 4_000 });
      const first = post(mine, "key");
      const replies: Promise<Reply>[] = [];
      for (let atMs = 8_000; atMs < 14_000; atMs += 500) {
        schedule.after(atMs, () => void replies.push(post(mine, "key")));
      }
      await schedule.run();
      const own = await first;
      expect(own.status).toBe("done");
      for (const reply of await Promise.all(replies)) {
        if (reply.status === "done") expect(reply.value.headers["idempotency-replayed"]).toBe("true");
        else expect(reply).toMatchObject(failed({ code: "idempotency_in_progress" }));
        if (reply.status === "failed") meanwhile += 1;
      }
    });
    expect(meanwhile).toBeGreaterThan(0);
  });
});

describe("a POST with an Idempotency-Key", () => {
  const other = others[0] ?? mine;
  const calmWorld = () => {
    const schedule = createSchedule({ seed: 1 });
    const world = createWorld(schedule);
    const post = async (intent: Intent) => {
      const reply = world.post(intent, "key");
      await schedule.run();
      return reply;
    };
    const wait = async (ms: number) => {
      schedule.after(ms, () => {});
      await schedule.run();
    };
    world.ringCentral.isCalm = true;
    return { world, post, wait };
  };
  const done = { status: "done", value: { statusCode: 201 } };

  it("is rejected with another request, and may be used for it after a day", async () => {
    const { post, wait } = calmWorld();
    expect(await post(mine)).toMatchObject(done);
    expect(await post(other)).toMatchObject(failed({ code: "idempotency_key_reused" }));
    await wait(25 * 60 * 60 * 1_000);
    // Whether the number is listed is read before this write.
    expect(await post(other)).toMatchObject(done);
  });

  it("is free again after a rejection that changed nothing", async () => {
    const { world, post } = calmWorld();
    world.ringCentral.rejectNext();
    expect(await post(mine)).toMatchObject(failed({ name: "RingCentralError" }));
    expect(await post(other)).toMatchObject(done);
    expect(world.ringCentral.effectsOf(mine)).toBe(0);
  });

  it("is never sent again when its response does not open any more, even if the number has been deleted", async () => {
    const { world, post, wait } = calmWorld();
    await post(mine);
    world.replaceSecret();
    expect(await post(mine)).toMatchObject(done);
    world.replaceSecret();
    world.ringCentral.entries.pop();
    await wait(10 * 60 * 1_000);
    for (let n = 0; n < 3; n++) expect(await post(mine)).toMatchObject(failed({ code: "outcome_unknown" }));
    expect(world.ringCentral.entries).toHaveLength(0);
  });
});

describe("a POST without a key", () => {
  it("takes effect at most once, and returns what was asked for", async () => {
    await forEachSeed(1_000, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed, ...chaos }));
      const world = createWorld(schedule);
      disturb(schedule, world);
      const reply = postMine(world);
      await schedule.run();
      expectAsAsked(bodiesOf([await reply]));
      expect(world.ringCentral.effectsOf(mine)).toBeLessThanOrEqual(1);
    });
  });
});
