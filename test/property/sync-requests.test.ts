import { expect, it, vi } from "vitest";
import { upstreamProblem } from "../../lib/http/upstream-problem.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import type { RingCentral } from "../../lib/ringcentral/api/operation.ts";
import { getSyncStatus } from "../../lib/sync/get-sync-status.ts";
import { handleMessage, SyncMessage } from "../../lib/sync/queue/handle-message.ts";
import { runSync } from "../../lib/sync/run/run-sync.ts";
import { readHead, scannedAt } from "../../lib/sync/snapshot/head.ts";
import { SyncRecords } from "../../lib/sync/snapshot/sync-records.ts";
import { startSync } from "../../lib/sync/start-sync.ts";
import { overNetwork } from "../support/memory-record-store.ts";
import { rateLimited, rejection } from "../support/number-account.ts";
import { createSchedule, forEachSeed, type Instance, type Schedule } from "../support/schedule.ts";
import { ACCOUNT, createWorld, SECOND } from "./sync-model.ts";

vi.setConfig({ testTimeout: process.env.DEEP_RUNS === undefined ? 120_000 : 8 * 3_600_000 });

/** Seeds that once found a request without a scan: its scan had begun, or its message was dropped. */
const FOUND = [107, 136, 153];
const log = createLogger({}, { write: () => {} });
const NUMBERS = 30;
const MAX_RECEIVES = 5;
const VISIBILITY_SECONDS = 120;

type Mood = "fine" | "miscounts" | "rejects";

/** One account whose callers ask for syncs, its queue and its workers. The schedule's sync is not there to help. */
function createAccount(seed: number, maxSkewMs: number) {
  const schedule = createSchedule({
    seed,
    maxSkewMs,
    crashRate: 0.003,
    maxCrashes: seed % 3,
    pauseRate: 0.01,
    pauseMs: [SECOND, 12 * SECOND],
    loseResponseRate: 0.005,
  });
  const world = createWorld(schedule, NUMBERS);
  world.upstream.maxPerPage = 10;
  const state = { mood: "fine" as Mood, fingerprint: "app", limits: true, waiting: 0, droppedAt: 0 };
  const accepted: number[] = [];

  const ringcentralFor = (instance: Instance): RingCentral => ({
    async call(operation, input) {
      const respond = () => {
        if (state.limits && schedule.chance(0.05)) throw rateLimited(operation.name, 20 * SECOND);
        if (state.mood === "rejects") throw rejection(operation.name, 403, "CMN-401");
        // One number more than there are.
        if (state.mood !== "miscounts") return world.upstream.respond(operation, input);
        const text = JSON.stringify(world.upstream.respond(operation, input));
        return JSON.parse(text.replace(`"totalElements":${NUMBERS}`, `"totalElements":${NUMBERS + 1}`));
      };
      const how = { once: true, reliable: true, latencyMs: [20, 6_000] } as const;
      const body = await instance.effect(operation.name, respond, how);
      if (operation.output === undefined) throw new Error("no schema");
      return operation.output.parse(body);
    },
  });
  const on = (instance: Instance) => ({
    records: overNetwork(world.records, instance),
    clock: instance.clock,
    random: instance.random,
  });
  const queueOf = (instance: Instance) => ({
    send: (body: object, delaySeconds = 0) =>
      instance.effect("send", () => put(SyncMessage.parse(body), delaySeconds), { once: true }),
  });

  function put(message: SyncMessage, delaySeconds: number, receives = 0): void {
    state.waiting += 1;
    schedule.after(delaySeconds * SECOND, () => {
      void receive(message, receives + 1);
    });
  }

  const runOn = (instance: Instance, queueRecheck: (afterMs: number) => Promise<void>) =>
    runSync(
      {
        ...on(instance),
        ringcentral: ringcentralFor(instance),
        fingerprint: () =>
          instance.effect("fingerprint", () => state.fingerprint, { reliable: true, latencyMs: [1, 4_000] }),
        problemOf: upstreamProblem,
        queueRecheck,
        onEvent: ({ type }) => schedule.note(type),
      },
      {
        accountId: ACCOUNT,
        trigger: "request",
        deadline: deadlineIn(schedule.between(15, 60) * SECOND, instance.clock, 0),
        requestId: instance.name,
        log,
      },
    );

  async function receive(message: SyncMessage, receives: number): Promise<void> {
    const instance = schedule.instance();
    const run = async (_: SyncMessage, queueRecheck: (afterMs: number) => Promise<void>) => {
      const outcome = await runOn(instance, queueRecheck);
      schedule.note(`${instance.name} ${JSON.stringify(outcome)} for ${message.requestedAt}`);
      // Callers see such an end in the status, and ask again.
      if (outcome.state === "failed") state.droppedAt = schedule.clock.now();
      return outcome;
    };
    const records = new SyncRecords(on(instance).records, ACCOUNT);
    const queue = queueOf(instance);
    const deps = { run, scannedAt: () => scannedAt(records), publish: async () => true, queue, log };
    const { status } = await instance.start(() => handleMessage(deps, message));
    state.waiting -= 1;
    if (status === "done") return;
    if (receives < MAX_RECEIVES) put(message, VISIBILITY_SECONDS, receives);
    else state.droppedAt = schedule.clock.now();
  }

  async function request(): Promise<void> {
    const at = schedule.clock.now();
    const api = schedule.instance();
    const deps = { ...on(api), queue: queueOf(api) };
    const { status } = await api.start(() => startSync(deps, { accountId: ACCOUNT }));
    schedule.note(`${api.name} requests: ${status}`);
    if (status === "done") accepted.push(at);
  }
  const statusNow = async () => {
    const reading = { records: world.records, now: schedule.clock.now };
    return (await getSyncStatus(reading, { accountId: ACCOUNT })).state;
  };
  return { schedule, world, state, accepted, request, statusNow };
}

/** @returns what was promised and is not so */
async function play(seed: number, keep = (schedule: Schedule) => schedule): Promise<string[]> {
  // Clocks that differ may take a scan for a later one by as much.
  const maxSkewMs = seed % 2 === 0 ? 0 : 5 * SECOND;
  const { schedule, world, state, accepted, request, statusNow } = createAccount(seed, maxSkewMs);
  keep(schedule);
  const moods: readonly Mood[] = ["fine", "fine", "miscounts", "rejects"];
  const live = async () => {
    for (let step = 0; step < 60; step += 1) {
      await schedule.clock.sleep(schedule.between(0, 8 * SECOND));
      if (schedule.chance(0.4)) world.change(schedule.between(1, NUMBERS), `label ${step}`);
      if (schedule.chance(0.4)) void request();
      if (schedule.chance(0.08)) state.mood = moods[schedule.between(0, 3)] ?? "fine";
      if (schedule.chance(0.04)) state.fingerprint = `app ${step}`;
    }
    schedule.calm();
    Object.assign(state, { mood: "fine", limits: false });
  };
  world.fingerprint = () => state.fingerprint;
  void live();
  await schedule.run();
  const wrong = [];
  const status = await statusNow();
  if (maxSkewMs === 0 && status === "queued") wrong.push("queued is told, and no message waits");
  const last = Math.max(0, ...accepted);
  if (last <= state.droppedAt) return wrong;
  const from = last - 2 * maxSkewMs;
  const head = await readHead(new SyncRecords(world.records, ACCOUNT));
  for (const [id, number] of await world.numbersOf(head)) {
    if (!world.wasSo(id, number, from, schedule.clock.now()))
      wrong.push(`${id} is older than the last request`);
  }
  return wrong;
}

it("begins a scan after each request that it accepts, although requests share messages, and says queued only while one waits", async () => {
  for (const seed of FOUND) expect({ seed, wrong: await play(seed) }).toEqual({ seed, wrong: [] });
  await forEachSeed(10, async (seed, keep) => expect(await play(seed, keep)).toEqual([]));
});
