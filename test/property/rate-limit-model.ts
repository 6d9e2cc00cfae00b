import { deadlineIn } from "../../lib/platform/deadline.ts";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import type { ShareHolder } from "../../lib/ringcentral/api/operation.ts";
import { createTableClock } from "../../lib/ringcentral/rate-limit/clock-bounds.ts";
import type {
  AdmissionRequest,
  Observation,
  RateLimitEvent,
} from "../../lib/ringcentral/rate-limit/ports.ts";
import { SharedRateLimiter } from "../../lib/ringcentral/rate-limit/shared-rate-limiter.ts";
import type { RecordStore } from "../../lib/storage/record-store.ts";
import {
  createMemoryRecordStore,
  type MemoryRecordStore,
  overNetwork,
} from "../support/memory-record-store.ts";
import type { Instance, Schedule } from "../support/schedule.ts";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;

export interface Arrival {
  group: string;
  /** True time. */
  at: number;
  by: string;
  /** When it left. */
  leftAt: number;
  status: number;
}

/** RingCentral's limiter by true time: a sliding log per group, and a penalty that every request restarts. */
export function createLimiter(schedule: Schedule, limits: Record<string, number>) {
  const arrivals: Arrival[] = [];
  const logs = new Map<string, number[]>();
  const penaltyUntil = new Map<string, number>();
  let wideUntil = 0;

  return {
    arrivals,
    penaltyUntil,
    /** Calls of an external client. */
    fill(group: string, calls: number) {
      const log = logs.get(group) ?? [];
      for (let n = 0; n < calls; n++) log.push(schedule.clock.now());
      logs.set(group, log);
    },
    /** A limit wider than the group's: 429 without headers. */
    pauseAccount(ms: number) {
      wideUntil = schedule.clock.now() + ms;
    },
    get wideUntil() {
      return wideUntil;
    },
    receive(group: string, by: string, leftAt: number): Observation {
      const now = schedule.clock.now();
      const limit = limits[group] ?? 10;
      const log = (logs.get(group) ?? []).filter((at) => at > now - MINUTE);
      logs.set(group, log);
      const record = (status: number) => arrivals.push({ group, at: now, by, leftAt, status });
      if (now < wideUntil) {
        wideUntil = now + MINUTE;
        record(429);
        return { group, status: 429, withoutHeaders: true, retryAfterMs: MINUTE, errorCode: "CMN-310" };
      }
      const headers = { group, limit, windowSeconds: 60 };
      if (now < (penaltyUntil.get(group) ?? 0) || log.length >= limit) {
        penaltyUntil.set(group, now + MINUTE);
        record(429);
        const said = { ...headers, remaining: 0, retryAfterMs: MINUTE, errorCode: "CMN-301" };
        return { ...said, status: 429, withoutHeaders: false };
      }
      log.push(now);
      record(200);
      return { ...headers, remaining: limit - log.length, status: 200, withoutHeaders: false };
    },
  };
}
export type LimiterModel = ReturnType<typeof createLimiter>;

export interface Fleet {
  schedule: Schedule;
  records: MemoryRecordStore;
  limiter: LimiterModel;
  events: RateLimitEvent[];
  fleetSize: number;
  /** Whether the table tells its time. */
  tableTells: boolean;
  /** Whether a request may be held up on its way, by a freeze of its process or by the network. */
  sendsLate: boolean;
}

export function createFleet(
  schedule: Schedule,
  options: {
    budgets?: Record<string, number>;
    fleetSize?: number;
    tableTells?: boolean;
    sendsLate?: boolean;
  } = {},
): Fleet {
  const { budgets = { light: 50, medium: 40, heavy: 10 }, tableTells = true, sendsLate = false } = options;
  return {
    schedule,
    records: createMemoryRecordStore(),
    limiter: createLimiter(schedule, budgets),
    events: [],
    // In so large a fleet no process ever calls without the table; that has its own properties.
    fleetSize: options.fleetSize ?? 1e9,
    tableTells,
    sendsLate,
  };
}

export type Group = AdmissionRequest["group"];
export type CallResult =
  | { result: "sent"; status: number; waitedMs: number }
  | {
      result: "rejected";
      because: "rate_limited" | "storage";
      retryAfterMs: number;
      tookMs: number;
      heldTo?: ShareHolder;
    }
  | { result: "lost" };

/** One process of the fleet. */
export function createMember(fleet: Fleet, options: { name?: string; skewMs?: number } = {}) {
  const { schedule, limiter, events } = fleet;
  const instance = schedule.instance(options);
  const time = createTableClock(instance.clock);
  const store = overNetwork(fleet.records, instance);
  const records = fleet.tableTells ? withDates(store, instance, schedule, time.learn) : store;
  const rateLimiter = new SharedRateLimiter({
    records,
    clock: instance.clock,
    random: instance.random,
    accountKey: "37",
    instanceId: instance.name,
    time,
    fleetSize: fleet.fleetSize,
    onEvent: (event) => events.push(event),
  });

  async function call(
    group: Group,
    withinMs: number,
    priority: "interactive" | "sync" = "interactive",
    caller?: string,
  ): Promise<CallResult> {
    const startedAt = instance.clock.now();
    const deadline = deadlineIn(withinMs, instance.clock, 0);
    try {
      const permit = await rateLimiter.admit({
        group,
        priority,
        deadline,
        route: `${priority} ${group}`,
        ...(caller !== undefined && { spender: { caller } }),
      });
      const waitedMs = instance.clock.now() - startedAt;
      const leftAt = schedule.clock.now();
      let observation: Observation;
      try {
        observation = await instance.effect(
          `api ${group}`,
          () => limiter.receive(group, caller ?? instance.name, leftAt),
          { once: true, latencyMs: fleet.sendsLate && schedule.chance(0.1) ? [20, 20_000] : [20, 400] },
        );
      } catch {
        await permit.release(true);
        return { result: "lost" };
      }
      await permit.observe(observation);
      return { result: "sent", status: observation.status, waitedMs };
    } catch (error) {
      if (!(error instanceof RingCentralError)) throw error;
      const { kind, retryAfterMs = 0, share } = error.failure;
      if (kind !== "rate_limited" && kind !== "storage") throw error;
      const tookMs = instance.clock.now() - startedAt;
      return { result: "rejected", because: kind, retryAfterMs, tookMs, ...(share && { heldTo: share.of }) };
    }
  }
  return { instance, rateLimiter, call, time };
}

/** The table's responses carry its own time, in whole seconds. */
function withDates(
  store: RecordStore,
  instance: Instance,
  schedule: Schedule,
  learn: (sample: { sentAt: number; receivedAt: number; dateMs: number }) => void,
): RecordStore {
  async function dated<T>(ask: () => Promise<T>): Promise<T> {
    const sentAt = instance.clock.now();
    const before = schedule.clock.now();
    const result = await ask();
    // Somewhere between asking and hearing, as far as this side can tell.
    const dateMs = Math.floor(schedule.between(before, schedule.clock.now()) / SECOND) * SECOND;
    learn({ sentAt, receivedAt: instance.clock.now(), dateMs });
    return result;
  }
  return {
    read: (key) => dated(() => store.read(key)),
    compareAndSet: (key, expected, value, how) => dated(() => store.compareAndSet(key, expected, value, how)),
    remove: (key, expected) => dated(() => store.remove(key, expected)),
  };
}

/** The largest number of requests that reached RingCentral within any minute. */
export function fullestMinute(arrivals: readonly Arrival[]): number {
  let most = 0;
  let first = 0;
  for (const [last, { at }] of arrivals.entries()) {
    while ((arrivals[first]?.at ?? at) <= at - MINUTE) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
