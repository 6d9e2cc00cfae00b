import { createMemoryRecordStore } from "../support/memory-record-store.ts";
import { createSchedule } from "../support/schedule.ts";
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
  const call = (index: number, group: CallGroup, priority: Priority, withinMs: number) =>
    member(index)
      .call(group, priority, withinMs)
      .then((outcome) => {
        outcomes.push(outcome);
        return outcome;
      });
  /** Poisson arrivals. */
  const arrive = (perMinute: number, act: () => void) => {
    if (perMinute <= 0) return;
    const next = () => {
      schedule.after((-Math.log(1 - schedule.random()) * MINUTE) / perMinute, () => {
        if (schedule.clock.now() >= endedAt) return;
        act();
        next();
      });
    };
    next();
  };

  for (const group of CALL_GROUPS) {
    const limit = LIMITS[group];
    arrive(
      load * limit,
      () => void call(schedule.between(0, instances - 1), group, "interactive", INTERACTIVE_MS),
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
