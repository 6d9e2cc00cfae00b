import { expect, vi } from "vitest";
import { duplicates, untruths } from "../support/call-handling-truth.ts";
import {
  createSchedule,
  forEachSeed,
  type Outcome,
  type Schedule,
  type ScheduleOptions,
} from "../support/schedule.ts";
import type { Settings } from "../twin/twin.ts";
import { type Caller, createCaller, KEPT_OUT_MS, stateFaults } from "./forwarding-callers.ts";
import { type Backend, createForwardingWorld, type ForwardingWorld } from "./forwarding-model.ts";
import { readUnderTraffic } from "./forwarding-readers.ts";

if (process.env.DEEP_RUNS !== undefined) vi.setConfig({ testTimeout: 3_600_000 });

/** Processes crash and freeze, messages are lost, late or repeated, and clocks differ by up to 6 s. */
const chaos: Omit<ScheduleOptions, "seed"> = {
  maxSkewMs: 3_000,
  crashRate: 0.01,
  pauseRate: 0.01,
  pauseMs: [1_000, 8_000],
  loseRequestRate: 0.01,
  lateRequestRate: 0.01,
  loseResponseRate: 0.01,
  duplicateRate: 0.02,
};

/** The platform's answers to the questions that its documentation leaves open. */
function drawSettings({ between, chance }: Schedule): Partial<Omit<Settings, "limits">> {
  const pick = <T>(...values: readonly [T, ...T[]]): T => values[between(0, values.length - 1)] ?? values[0];
  return {
    featureBeforeMove: pick("param-false", "no-param", "no-record", "unavailable"),
    v2BeforeMove: pick("CMN-102", "CMN-403", "AGW-404"),
    movedForwardingReads: pick("frozen", "mirror", "CMN-468", "CMN-109"),
    movedForwardingWrites: pick("no-effect", "frozen-list", "CMN-468", "CMN-109"),
    omittedSystemFlip: pick("removed", "kept", "CMN-101"),
    inheritedRulePatch: pick("detaches", "stays"),
    readOnlyMembers: pick("tolerated", "CMN-101"),
    putForwarding: pick("merge", "replace"),
    unknownRuleTypes: chance(0.5),
  };
}

export async function runForwardingSeeds(
  runs: number,
  backendOf: (schedule: Schedule) => Backend,
  { onLateLoss }: { onLateLoss?: (change: string) => void } = {},
): Promise<void> {
  const run = async (seed: number, keep: (schedule: Schedule) => Schedule) => {
    const schedule = keep(createSchedule({ seed, ...chaos }));
    const backend = backendOf(schedule);
    const numbers = [0, 1, 2, 3].map((n) => [`+1202555016${n}`, `+1202555018${n}`] as const);
    const settings = drawSettings(schedule);
    const world = createForwardingWorld(schedule, backend, numbers.flat(), settings, {
      refusesFeatures: seed % 10 === 7,
      onLateLoss,
    });
    const callers = numbers
      .slice(0, schedule.between(1, 3))
      .map((pair, n) => createCaller(schedule, world, n, pair));
    world.onOutsideEdit = (phoneNumber, event) =>
      callers.find((caller) => caller.numbers.includes(phoneNumber))?.disturb(event) ?? false;
    if (backend === "moving") schedule.after(schedule.between(0, 120_000), world.move);
    const acting = Promise.all([...callers.map((caller) => caller.act()), readUnderTraffic(schedule, world)]);
    acting.catch(() => {});
    await schedule.run();
    await acting;
    if (backend === "moving" && world.extension.callHandling === undefined) world.move();
    await judge(schedule, world, callers, createCaller(schedule, world, 3, numbers[3] ?? ["", ""]));
  };
  await forEachSeed(runs, run);
}

/** Nothing fails any more: repeated requests are acknowledged, a next caller writes, and the list is read. */
async function judge(
  schedule: Schedule,
  world: ForwardingWorld,
  callers: Caller[],
  next: Caller,
): Promise<void> {
  world.isCalm = true;
  schedule.calm();
  for (const caller of callers) await settle(schedule, caller);
  // The rights of a process that crashed have ended, and no late write keeps others out.
  schedule.after(KEPT_OUT_MS, () => {});
  await schedule.run();
  await until(schedule, next.act());
  if (!next.isSettled()) throw new Error(`a write fails though nothing else does: ${next.describe()}`);
  const { callHandling, forwarding } = world.extension;
  const listed = await until(schedule, world.list());
  const shown = requireDone(listed);
  const faults = [
    ...world.ledger.lost.map((line) => `lost: ${line}`),
    ...[...world.broken].map((line) => `broken: ${line}`),
    ...[...callers, next].flatMap((caller) => stateFaults(world, caller)),
  ];
  if (callHandling === undefined) {
    expect(shown.map(({ id }) => id).sort()).toEqual(forwarding.map(({ id }) => id).sort());
  } else {
    faults.push(
      ...world.ledger.missing(callHandling).map((line) => `missing: ${line}`),
      ...duplicates(callHandling).map((line) => `twice: ${line}`),
      ...untruths(shown, callHandling),
      ...world.unknownFaults(),
    );
  }
  if (faults.length > 0) throw new Error(faults.join("\n"));
}

async function settle(schedule: Schedule, caller: Caller): Promise<void> {
  for (let n = 0; n < 20; n++) {
    if (await until(schedule, caller.settle())) return;
    schedule.after(KEPT_OUT_MS, () => {});
    await schedule.run();
  }
  throw new Error(`not acknowledged in 20 repetitions: ${caller.describe()}`);
}

async function until<T>(schedule: Schedule, work: Promise<T>): Promise<T> {
  work.catch(() => {});
  await schedule.run();
  return work;
}

function requireDone<T>(outcome: Outcome<T>): T {
  if (outcome.status === "done") return outcome.value;
  throw outcome.status === "failed" ? outcome.error : new Error("crashed");
}
