import { createMemoryRecordStore } from "../support/memory-record-store.ts";
import { createSchedule, seededRandom } from "../support/schedule.ts";
import {
  type CallGroup,
  createFleetMember,
  createSdkMember,
  type Member,
  type Outcome,
  type Priority,
  type Surroundings,
} from "./member.ts";
import { createUpstream, LIMITS, type Upstream } from "./upstream.ts";

export const CALL_GROUPS: readonly CallGroup[] = ["light", "medium", "heavy"];
const MINUTE = 60_000;

export type Client = "ringfront" | "sdk" | "sdk with a shared token";

export interface Scenario {
  name: string;
  instances: number;
  minutes: number;
  seed: number;
  client: Client;
  /** Calls that arrive at random, as a multiple of each group's limit. */
  load: number;
  /** Every instance makes one call of each group in the first second. */
  coldBurst?: boolean;
  /** An external client: a steady share of the limit, or a burst of that share every ten minutes. */
  outside?: { share?: number; burst?: number };
  /** The table is away between these minutes. */
  tableAway?: { from: number; to: number };
  /** How many callers the calls that arrive at random are of; by default they are the service's own. */
  callers?: number;
  /** Of 1,000 callers, how many poll without pause. The others open the overview now and then. */
  greedy?: number;
  /** Processes that page through the account as fast as they are admitted. */
  syncs?: number;
}

export interface Run {
  scenario: Scenario;
  outcomes: Outcome[];
  around: Surroundings;
  upstream: Upstream;
  startedAt: number;
  endedAt: number;
}

/** How long an interactive call has: a Lambda behind an API gateway. */
const INTERACTIVE_MS = 10_000;
const SYNC_MS = 60_000;
const CALLERS = 1_000;
/** The load of the polite callers, as a part of `load`: they read lists more than they write, and seldom the company's. */
const MIX = { light: 1, medium: 0.6, heavy: 0.4 };
/** How soon a greedy caller asks again. Of 100 each asks less often, so that a simulation takes minutes. */
const greedyPauseMs = (greedy: number) => Math.max(500, 30 * greedy);

export async function runScenario(scenario: Scenario): Promise<Run> {
  const { instances, minutes, seed, client, load } = scenario;
  const schedule = createSchedule({ seed, maxSteps: Number.POSITIVE_INFINITY });
  const upstream = createUpstream(schedule);
  const records = createMemoryRecordStore();
  const storage = { reads: 0, writes: 0, lostRaces: 0, isAway: false };
  const around: Surroundings = { schedule, upstream, records, storage, events: [], fleetSize: instances };
  const startedAt = schedule.clock.now();
  const endedAt = startedAt + minutes * MINUTE;
  const outcomes: Outcome[] = [];
  const members = new Map<number, Member>();

  const member = (index: number): Member => {
    const known = members.get(index);
    if (known) return known;
    const created =
      client === "ringfront"
        ? createFleetMember(around)
        : createSdkMember(around, { ownLogin: client === "sdk" });
    members.set(index, created);
    return created;
  };
  const call = (
    index: number,
    group: CallGroup,
    priority: Priority,
    withinMs: number,
    caller?: string,
  ): Promise<Outcome> =>
    member(index)
      .call(group, priority, withinMs, caller)
      .then((outcome) => {
        outcomes.push(outcome);
        return outcome;
      });
  /** Poisson arrivals. */
  const arrive = (perMinute: number, act: () => void, random = schedule.random) => {
    if (perMinute <= 0) return;
    const next = () => {
      schedule.after((-Math.log(1 - random()) * MINUTE) / perMinute, () => {
        if (schedule.clock.now() >= endedAt) return;
        act();
        next();
      });
    };
    next();
  };

  const { callers } = scenario;
  const anyCaller = () => (callers === undefined ? undefined : `caller ${schedule.between(1, callers)}`);
  if (scenario.greedy !== undefined) playCallers(scenario.greedy);
  for (const group of CALL_GROUPS) {
    const limit = LIMITS[group];
    arrive(
      scenario.greedy === undefined ? load * limit : 0,
      () => void call(schedule.between(0, instances - 1), group, "interactive", INTERACTIVE_MS, anyCaller()),
    );
    if (scenario.outside?.share) arriveOutside(group, scenario.outside.share * limit);
    if (scenario.outside?.burst) burstOutside(group, scenario.outside.burst * limit);
    if (scenario.coldBurst) {
      for (let index = 0; index < instances; index++) {
        schedule.after(
          schedule.between(0, 1_000),
          () => void call(index, group, "interactive", INTERACTIVE_MS),
        );
      }
    }
  }
  if (scenario.tableAway) {
    const { from, to } = scenario.tableAway;
    schedule.after(from * MINUTE, () => {
      storage.isAway = true;
    });
    schedule.after(to * MINUTE, () => {
      storage.isAway = false;
    });
  }
  for (let sync = 0; sync < (scenario.syncs ?? 0); sync++) void pageThrough(instances + sync);

  /** An overview is 4 Light and 1 Medium; the polite callers' other calls bring each budget to its load. */
  function playCallers(greedy: number): void {
    // Their own randomness: the polite calls are the same, however many callers are greedy.
    const random = seededRandom(seed);
    const anywhere = () => schedule.between(0, instances - 1);
    const polite = () => `polite ${100 + Math.floor(random() * (CALLERS - 100))}`;
    const ask = (group: CallGroup, caller: string) =>
      call(anywhere(), group, "interactive", INTERACTIVE_MS, caller);
    const overviews = (MIX.light * load * LIMITS.light) / 4;
    arrive(
      overviews,
      () => {
        const caller = polite();
        for (const group of ["light", "light", "light", "light", "medium"] as const) void ask(group, caller);
      },
      random,
    );
    arrive(MIX.medium * load * LIMITS.medium - overviews, () => void ask("medium", polite()), random);
    arrive(MIX.heavy * load * LIMITS.heavy, () => void ask("heavy", polite()), random);
    for (let index = 0; index < greedy; index++) {
      void (async () => {
        for (let n = index; schedule.clock.now() < endedAt; n++) {
          await ask(CALL_GROUPS[n % 3] ?? "heavy", `greedy ${index}`);
          await schedule.clock.sleep(greedyPauseMs(greedy));
        }
      })();
    }
  }

  async function pageThrough(index: number): Promise<void> {
    for (let n = 0; schedule.clock.now() < endedAt; n++) {
      const group = CALL_GROUPS[n % 3] ?? "heavy";
      const { result, retryAfterMs } = await call(index, group, "sync", SYNC_MS);
      if (result !== "served") await schedule.clock.sleep(retryAfterMs ?? 1_000);
    }
  }

  function arriveOutside(group: CallGroup, perMinute: number): void {
    let silentUntil = 0;
    arrive(perMinute, async () => {
      if (schedule.clock.now() < silentUntil) return;
      const leftAt = schedule.clock.now();
      const response = await upstream.receive(group, { from: "outside", priority: "interactive", leftAt });
      if (!response.accepted) silentUntil = leftAt + response.retryAfterSeconds * 1_000;
    });
  }

  function burstOutside(group: CallGroup, calls: number): void {
    for (let minute = 5; minute < minutes; minute += 10) {
      schedule.after(minute * MINUTE, async () => {
        for (let n = 0; n < calls; n++) {
          const leftAt = schedule.clock.now();
          const response = await upstream.receive(group, {
            from: "outside",
            priority: "interactive",
            leftAt,
          });
          if (!response.accepted) return;
        }
      });
    }
  }

  await schedule.run();
  return { scenario, outcomes, around, upstream, startedAt, endedAt };
}
