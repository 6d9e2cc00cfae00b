import { expect, it } from "vitest";
import { newCheckpoint } from "../../../../lib/sync/run/checkpoint.ts";
import { LeaseLost, type RunLease, readRun, takeLease } from "../../../../lib/sync/run/run-lease.ts";
import { readHead } from "../../../../lib/sync/snapshot/head.ts";
import { SyncRecords } from "../../../../lib/sync/snapshot/sync-records.ts";
import { ACCOUNT } from "../../../support/account-sync.ts";
import { leapingClock } from "../../../support/manual-clock.ts";
import { createMemoryRecordStore } from "../../../support/memory-record-store.ts";

const states = ["idle", "paused", "held", "lapsed"] as const;
const happenings = ["message", "save", "commit", "end", "pause", "lapse"] as const;
type State = (typeof states)[number];
type Event = (typeof happenings)[number];

/** Complete by its type: a missing cell does not compile. `SPEC.md` shows the same table. */
const transitions: Record<State, Record<Event, string>> = {
  idle: {
    message: "held, new run",
    save: "idle, lease lost",
    commit: "idle, lease lost",
    end: "idle, lease lost",
    pause: "idle, lease lost",
    lapse: "idle",
  },
  paused: {
    message: "held, resumes",
    save: "paused, lease lost",
    commit: "paused, lease lost",
    end: "paused, lease lost",
    pause: "paused, lease lost",
    lapse: "paused",
  },
  held: {
    message: "held, busy for 125000 ms",
    save: "held",
    commit: "held, next head",
    end: "idle",
    pause: "paused",
    lapse: "lapsed",
  },
  lapsed: {
    message: "held, resumes",
    save: "held",
    commit: "lapsed, next head",
    end: "idle",
    pause: "paused",
    lapse: "lapsed",
  },
};

const LAPSE_MS = 125_000;

/** An account in this state, with the process that acts: the holder, or a former one where the lease is released. */
async function setUp(state: State) {
  const clock = leapingClock();
  const records = new SyncRecords(createMemoryRecordStore(), ACCOUNT);
  const take = () => takeLease({ records, clock, random: () => 0.5 });
  const takeFree = async (): Promise<RunLease> => {
    const taken = await take();
    if ("busyForMs" in taken) throw new Error("the lease is not free");
    return taken.lease;
  };
  const begun = { runId: "run", trigger: "schedule", base: 0, fingerprint: "app-admin" };
  const checkpoint = newCheckpoint(begun, clock.now());

  const lease = await takeFree();
  await lease.save(checkpoint);
  if (state !== "held") clock.leap(LAPSE_MS);
  if (state === "idle") await (await takeFree()).release();
  if (state === "paused") await (await takeFree()).release(checkpoint);

  const events: Record<Event, () => Promise<string | undefined>> = {
    message: async () => {
      const before = await stored();
      const taken = await take();
      if ("busyForMs" in taken) return `busy for ${taken.busyForMs} ms`;
      expect(taken.lease.generation).toBe((before?.generation ?? 0) + 1);
      return taken.lease.found === undefined ? "new run" : "resumes";
    },
    save: async () => void (await lease.save(checkpoint)),
    commit: async () => {
      await lease.setHead({ version: 1 });
      return (await readHead(records)).version === 1 ? "next head" : "no head";
    },
    end: async () => void (await lease.release()),
    pause: async () => void (await lease.release(checkpoint)),
    lapse: async () => void clock.leap(LAPSE_MS),
  };
  const stored = async () => (await readRun(records))?.value;
  async function stateNow(): Promise<State> {
    const { leaseUntil, checkpoint: kept } = (await stored()) ?? { leaseUntil: 0 };
    if (leaseUntil === 0) return kept === undefined ? "idle" : "paused";
    return clock.now() < leaseUntil + 5_000 ? "held" : "lapsed";
  }
  return { events, stateNow };
}

const cells = states.flatMap((state) =>
  happenings.map((event) => ({ state, event, next: transitions[state][event] })),
);

it.each(cells)(
  "an account's sync that is $state: after $event it is $next",
  async ({ state, event, next }) => {
    const { events, stateNow } = await setUp(state);
    expect(await stateNow()).toBe(state);
    const outcome = await events[event]().catch((error: unknown) => {
      if (error instanceof LeaseLost) return "lease lost";
      throw error;
    });
    const now = await stateNow();
    expect(outcome === undefined ? now : `${now}, ${outcome}`).toBe(next);
  },
);

it("is busy until its wait is over, whichever message comes, and then resumes", async () => {
  const clock = leapingClock();
  const records = new SyncRecords(createMemoryRecordStore(), ACCOUNT);
  const take = () => takeLease({ records, clock, random: () => 0.5 });
  const taken = await take();
  if ("busyForMs" in taken) throw new Error("the lease is not free");
  const begun = { runId: "run", trigger: "schedule", base: 0, fingerprint: "app-admin" };
  await taken.lease.release(newCheckpoint(begun, clock.now()), 30_000);
  clock.leap(10_000);
  expect(await take()).toEqual({ busyForMs: 20_000 });
  clock.leap(20_000);
  expect(await take()).toMatchObject({ lease: { found: { runId: "run" } } });
});
