import type { Clock } from "../../platform/clock.ts";
import type { Deadline } from "../../platform/deadline.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import { backoffMs } from "../../storage/update-record.ts";
import { RingCentralError } from "../api/errors.ts";
import { type Call, type GrantedPermit, groupIn, pauseOf, withoutProbes } from "./account-limits.ts";
import type { FleetClock } from "./clock-bounds.ts";
import type { FallbackLimiter } from "./fallback.ts";
import type { RateLimitEvent } from "./ports.ts";
import type { PrefetchedPermits } from "./prefetched-permits.ts";
import { type Decision, reserve } from "./reserve.ts";
import { settings } from "./settings.ts";
import type { Copy, VersionedRecord } from "./versioned-record.ts";

export interface PermitQueueParts {
  record: VersionedRecord;
  prefetched: PrefetchedPermits;
  fallback: FallbackLimiter;
  clock: Clock;
  time: FleetClock;
  random: () => number;
  onEvent: (event: RateLimitEvent) => void;
  /** A name that no other process in the fleet uses, for probes. */
  uniqueId: () => string;
}

/** A call that waits for a decision. */
interface Waiter {
  readonly call: Call;
  /** How much longer it may wait for a slot. */
  readonly maxWaitMs: number;
  /** How much longer it may wait for the table. */
  readonly patienceMs: number;
  resolve(decision: Decision | { kind: "granted_by_fallback" }): void;
  reject(error: unknown): void;
}

/** The calls of one process that wait for a permit. One compare-and-set at a time serves all of them. */
export class PermitQueue {
  readonly #parts: PermitQueueParts;
  #waiting: Waiter[] = [];
  #isServing = false;

  constructor(parts: PermitQueueParts) {
    this.#parts = parts;
  }

  /** @throws RingCentralError kind `rate_limited` or `storage`: see `RateLimiter.admit` */
  async acquire(call: Call, deadline: Deadline): Promise<GrantedPermit> {
    const { clock, time, random } = this.#parts;
    const startedAt = clock.now();
    for (;;) {
      const decision = await this.#decision(call, deadline, startedAt);
      if (decision.kind === "rejected") throw rejection("rate_limited", decision.waitMs, random);
      if (decision.kind === "granted_by_fallback") return { call, grantedAt: time.now() };
      if (decision.kind === "later") await clock.sleep(decision.waitMs * (1 + random() / 4));
      else {
        const permit = await this.#permitInTime(call, decision);
        if (permit !== undefined) return permit;
      }
    }
  }

  #decision(call: Call, deadline: Deadline, startedAt: number) {
    const { clock } = this.#parts;
    const queuedAt = clock.now();
    const leftMs = (since: number, mostMs: number) =>
      Math.min(since + mostMs - clock.now(), deadline.remainingMs() - settings.callMs);
    return new Promise<Parameters<Waiter["resolve"]>[0]>((resolve, reject) => {
      this.#waiting.push({
        call,
        get maxWaitMs() {
          return Math.max(0, leftMs(startedAt, settings.maxWaitMs[call.priority]));
        },
        get patienceMs() {
          return leftMs(queuedAt, settings.tablePatienceMs);
        },
        resolve,
        reject,
      });
      if (!this.#isServing) void this.#serveAll();
    });
  }

  /** Waits for the promised slot. @returns `undefined` for a permit that is too old then: it is lost */
  async #permitInTime(
    call: Call,
    { from, entry, probe }: Decision & { kind: "granted" },
  ): Promise<GrantedPermit | undefined> {
    const { record, clock, time, fallback, random } = this.#parts;
    const startedAt = clock.now();
    for (let ms = from - time.now().earliest; ms > 0; ms = from - time.now().earliest) await clock.sleep(ms);
    const hasWaitedLong = clock.now() - startedAt > settings.recheckMs;
    const pausedMs = (hasWaitedLong && (await this.#pausedMeanwhile(call))) || fallback.pausedMs(call.group);
    const grantedAt = time.now();
    const isInTime = grantedAt.latest + settings.arrivalMs - settings.tableShareMs <= entry.by;
    if (isInTime && pausedMs === 0) return omitUndefined({ call, entry, probe, grantedAt });
    if (probe !== undefined) record.later((limits) => withoutProbes(limits, call.group, probe));
    if (pausedMs > 0) throw rejection("rate_limited", pausedMs, random);
    return undefined;
  }

  /** The rest of a pause that began during the wait; 0 when there is none, as far as the table tells. */
  async #pausedMeanwhile({ group }: Call): Promise<number> {
    const { record, time } = this.#parts;
    const copy = await record.read().catch(() => undefined);
    const now = time.now().earliest;
    const pause = copy ? pauseOf(copy.limits, group, now) : { state: "none" as const };
    if (pause.state === "none") return 0;
    return pause.state === "paused" ? pause.until - now : settings.probeResponseMs;
  }

  async #serveAll(): Promise<void> {
    this.#isServing = true;
    // Calls of the same tick share one write.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#serve(this.#takeWaiting());
    this.#isServing = false;
  }

  #takeWaiting(): Waiter[] {
    const waiters = this.#waiting;
    this.#waiting = [];
    return waiters;
  }

  async #serve(waiters: Waiter[]): Promise<void> {
    const { record, prefetched, clock, random } = this.#parts;
    const demand = byGroup(waiters).map(
      ([group, { length }]) => [group, prefetched.demand(group, length)] as const,
    );
    let left = waiters;
    let copy = record.isLikelyCurrent() ? record.copy : undefined;
    for (let races = 0; left.length > 0; copy = undefined) {
      try {
        const result = await this.#round(left, new Map(demand), copy);
        if (result === "served") return;
        if (result === "copy_too_old") continue;
        races += 1;
      } catch (error) {
        if (!(error instanceof StorageUnavailable)) {
          for (const waiter of left) waiter.reject(error);
          return;
        }
        left = await this.#serveWithoutTable([...left, ...this.#takeWaiting()], error);
        continue;
      }
      left = this.#withoutHopeless([...left, ...this.#takeWaiting()], races);
      // The first repetition costs less than a wait.
      const pauseMs = races > 1 ? backoffMs(races, random) : 0;
      await clock.sleep(Math.min(pauseMs, ...left.map(({ patienceMs }) => patienceMs)));
    }
  }

  /** At most one reading of the record, and one write for all calls. */
  async #round(
    waiters: Waiter[],
    demand: ReadonlyMap<string, number>,
    cached: Copy | undefined,
  ): Promise<"served" | "lost_race" | "copy_too_old"> {
    const { record, prefetched, clock, time, onEvent, uniqueId } = this.#parts;
    const copy = cached ?? (await record.read());
    const { limits } = copy;
    const bounds = time.now();
    const askedAt = clock.now();
    const plan = reserve({ limits, bounds, probeId: uniqueId() }, waiters, demand);
    if (plan.decisions.some(([, { kind }]) => kind === "granted")) {
      if (!(await record.write(copy, plan.limits))) return "lost_race";
      for (const { group, entry } of plan.prefetched) prefetched.add(group, entry, askedAt);
    } else {
      // A pause does not end early; anything else may have changed since the copy was read.
      const arePaused = waiters.every(
        ({ call }) => pauseOf(limits, call.group, bounds.earliest).state === "paused",
      );
      if (cached && !arePaused && askedAt - cached.readAt > settings.cacheMs) return "copy_too_old";
      // A rejection writes nothing, and the fleet must not wait for the pending updates.
      await record.flush();
    }
    for (const [{ call, resolve }, decision] of plan.decisions) {
      if (decision.kind === "granted" && decision.probe) onEvent({ type: "probe", group: call.group });
      resolve(decision);
    }
    return "served";
  }

  /** Rejects the calls that have waited too long for a contended record. */
  #withoutHopeless(waiters: readonly Waiter[], races: number): Waiter[] {
    const { random, onEvent } = this.#parts;
    const { hopeless = [], left = [] } = Object.groupBy(waiters, ({ patienceMs }) =>
      races > settings.maxConflicts || patienceMs <= 0 ? "hopeless" : "left",
    );
    for (const [group, { length }] of byGroup(hopeless)) {
      onEvent({ type: "contention", group, rejected: length });
    }
    for (const { reject } of hopeless) reject(rejection("storage", settings.cacheMs, random));
    return left;
  }

  /** @returns the calls that wait for the table or their share, until when it is worth another try */
  async #serveWithoutTable(waiters: readonly Waiter[], cause: unknown): Promise<Waiter[]> {
    const { record, clock } = this.#parts;
    const retryMs = Math.max(1, record.unavailableMs());
    const left = waiters.filter((waiter) => !this.#isSettledWithoutTable(waiter, retryMs, cause));
    if (left.length > 0) await clock.sleep(retryMs);
    return left;
  }

  #isSettledWithoutTable({ call, resolve, reject, patienceMs }: Waiter, retryMs: number, cause: unknown) {
    const { fallback, record, time, random } = this.#parts;
    const { group, priority } = call;
    const { limits } = record.copy;
    const now = time.now().earliest;
    const pause = pauseOf(limits, group, now);
    const pausedMs = Math.max(fallback.pausedMs(group), pause.state === "paused" ? pause.until - now : 0);
    const waitMs = pausedMs || fallback.admit(group, priority, groupIn(limits, group), now);
    if (waitMs === 0) resolve({ kind: "granted_by_fallback" });
    else if (pausedMs > 0) reject(rejection("rate_limited", pausedMs, random, cause));
    else if (retryMs < patienceMs) return false;
    else reject(rejection("storage", Math.min(waitMs, retryMs), random, cause));
    return true;
  }
}

function byGroup(waiters: readonly Waiter[]): Array<[string, Waiter[]]> {
  return [...Map.groupBy(waiters, ({ call }) => call.group)];
}

const LEAST_MS = 1_000;
const WIDEST_SPREAD_MS = 10_000;

/**
 * The error of a call that gets no permit in time.
 * @param kind what is in the way: RingCentral's limit, or our table
 * @param waitMs until a permit comes free. The caller is told a time up to half as much later, at random, so that
 * calls rejected together do not come back together.
 */
export function rejection(
  kind: "rate_limited" | "storage",
  waitMs: number,
  random: () => number,
  cause?: unknown,
): RingCentralError {
  const wait = Math.max(LEAST_MS, waitMs);
  const spread = Math.min(WIDEST_SPREAD_MS, Math.max(LEAST_MS, wait / 2));
  return new RingCentralError({
    kind,
    operation: "admit",
    retryAfterMs: Math.ceil(wait + random() * spread),
    mayHaveTakenEffect: false,
    ...(cause !== undefined && { cause }),
  });
}
