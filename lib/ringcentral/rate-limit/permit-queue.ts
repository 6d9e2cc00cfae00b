import type { Clock } from "../../platform/clock.ts";
import type { Deadline } from "../../platform/deadline.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import { backoffMs } from "../../storage/update-record.ts";
import { groupIn, pauseOf, withoutAnyProbe } from "./account-limits.ts";
import type { FleetClock } from "./clock-bounds.ts";
import type { OnRateLimitEvent } from "./events.ts";
import type { FallbackLimiter } from "./fallback.ts";
import type { GrantedPermit, LogEntry } from "./permit-log.ts";
import type { Priority } from "./ports.ts";
import type { PrefetchedPermits } from "./prefetched-permits.ts";
import { rejection } from "./rejection.ts";
import { type Decision, type Reservation, reserve } from "./reserve.ts";
import type { RateLimitSettings } from "./settings.ts";
import type { Copy, VersionedRecord } from "./versioned-record.ts";

export interface PermitQueueParts {
  record: VersionedRecord;
  prefetched: PrefetchedPermits;
  fallback: FallbackLimiter;
  clock: Clock;
  time: FleetClock;
  random: () => number;
  settings: RateLimitSettings;
  onEvent: OnRateLimitEvent;
  /** A name that no other process in the fleet uses, for probes. */
  uniqueId: () => string;
}

export type Applicant = Pick<GrantedPermit, "group" | "documented" | "operation" | "route"> & {
  priority: Priority;
  deadline: Deadline;
};

interface Waiter extends Applicant {
  startedAt: number;
  /** When it began to wait for the table. */
  queuedAt: number;
  resolve(permit: GrantedPermit): void;
  reject(error: unknown): void;
}

/** The result of one reading of the record, and at most one write. */
interface Round {
  /** To be served by another round. */
  left: Waiter[];
  lostRaces: number;
}
const SERVED: Round = { left: [], lostRaces: 0 };

/** The calls of one process that wait for a permit. One compare-and-set at a time serves all of them. */
export class PermitQueue {
  readonly #parts: PermitQueueParts;
  #waiting: Waiter[] = [];
  #isServing = false;

  constructor(parts: PermitQueueParts) {
    this.#parts = parts;
  }

  /** @throws RingCentralError kind `rate_limited` or `storage`: see `RateLimiter.admit` */
  acquire(applicant: Applicant): Promise<GrantedPermit> {
    const startedAt = this.#parts.clock.now();
    return new Promise((resolve, reject) => this.#enqueue({ ...applicant, startedAt, resolve, reject }));
  }

  #enqueue(waiter: Omit<Waiter, "queuedAt">): void {
    this.#waiting.push({ ...waiter, queuedAt: this.#parts.clock.now() });
    if (!this.#isServing) void this.#serveAll();
  }

  async #serveAll(): Promise<void> {
    this.#isServing = true;
    // Calls of the same tick share one write.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      await this.#serve(this.#takeWaiting());
    }
    this.#isServing = false;
  }

  #takeWaiting(): Waiter[] {
    const waiters = this.#waiting;
    this.#waiting = [];
    return waiters;
  }

  async #serve(waiters: Waiter[]): Promise<void> {
    const { record, clock, random } = this.#parts;
    const prefetch = this.#expectedDemand(waiters);
    let left = waiters;
    let copy = record.isLikelyCurrent() ? record.cached : undefined;
    for (let races = 0; left.length > 0; ) {
      try {
        const round = await this.#round(left, prefetch, copy);
        left = round.left;
        copy = undefined;
        if (round.lostRaces === 0) continue;
        races += round.lostRaces;
      } catch (error) {
        if (!(error instanceof StorageUnavailable)) {
          for (const waiter of left) waiter.reject(error);
          return;
        }
        left = await this.#serveWithoutTable([...left, ...this.#takeWaiting()], error);
        copy = undefined;
        continue;
      }
      left = this.#withoutHopeless([...left, ...this.#takeWaiting()], races);
      // The first repetition costs less than a wait.
      const pauseMs = races > 1 ? backoffMs(races, random) : 0;
      await clock.sleep(Math.min(pauseMs, ...left.map((waiter) => this.#patienceMs(waiter))));
    }
  }

  /** Rejects the calls that have waited too long for a contended record. */
  #withoutHopeless(waiters: readonly Waiter[], races: number): Waiter[] {
    const { settings, onEvent } = this.#parts;
    const { hopeless = [], left = [] } = Object.groupBy(waiters, (waiter) =>
      races > settings.maxConflicts || this.#patienceMs(waiter) <= 0 ? "hopeless" : "left",
    );
    for (const [group, { length }] of byGroup(hopeless)) {
      onEvent({ type: "contention", group, rejected: length });
    }
    for (const waiter of hopeless) this.#reject("storage", waiter, settings.cacheMs);
    return left;
  }

  /** How much longer the call may wait for the table. */
  #patienceMs({ queuedAt, deadline }: Waiter): number {
    const { clock, settings } = this.#parts;
    const waitedMs = clock.now() - queuedAt;
    return Math.min(settings.tablePatienceMs - waitedMs, deadline.remainingMs() - settings.callMs);
  }

  #expectedDemand(waiters: readonly Waiter[]): Map<string, number> {
    const { prefetched } = this.#parts;
    return new Map(
      byGroup(waiters).map(([group, { length }]) => [group, prefetched.demand(group, length)] as const),
    );
  }

  async #round(waiters: Waiter[], prefetch: Map<string, number>, cached: Copy | undefined): Promise<Round> {
    const { record, prefetched, clock, time, settings, uniqueId } = this.#parts;
    const copy = cached ?? (await record.read());
    const isOld = cached !== undefined && clock.now() - cached.readAt > settings.cacheMs;
    const askedAt = clock.now();
    const bounds = time.now();
    const { limits, covered } = record.withPending(copy.limits);
    const requests = waiters.map((waiter) => ({ ...waiter, maxWaitMs: this.#maxWaitMs(waiter) }));
    const plan = reserve({ limits, requests, bounds, prefetch, probeId: uniqueId() }, settings);
    if (plan.decisions.some(({ kind }) => kind === "granted")) {
      if (!(await record.write(copy, plan.limits, covered))) return { left: waiters, lostRaces: 1 };
      if (clock.now() - askedAt > settings.tableShareMs) {
        this.#dropProbes(waiters, plan);
        return { left: waiters, lostRaces: 1 };
      }
      for (const { group, entry } of plan.prefetched) {
        prefetched.add(group, entry, askedAt + settings.prefetchMs);
      }
    } else {
      // A pause does not end early; anything else may have changed since the copy was read.
      const isPaused = ({ group }: Waiter) => pauseOf(limits, group, bounds.earliest).state === "paused";
      if (isOld && !waiters.every(isPaused)) return { left: waiters, lostRaces: 0 };
      // A rejection writes nothing, and the fleet must not wait for the pending updates.
      await record.flush();
    }
    waiters.forEach((waiter, index) => {
      this.#carryOut(waiter, plan.decisions[index], bounds.earliest);
    });
    return SERVED;
  }

  #dropProbes(waiters: readonly Waiter[], { decisions }: Reservation): void {
    decisions.forEach((decision, index) => {
      const group = waiters[index]?.group;
      const probe = decision.kind === "granted" ? decision.probe : undefined;
      if (group === undefined || probe === undefined) return;
      this.#parts.record.later((limits) => withoutAnyProbe(limits, group, probe));
    });
  }

  #carryOut(waiter: Waiter, decision: Decision | undefined, now: number): void {
    if (decision?.kind === "later") this.#retry(waiter, decision.waitMs);
    else if (decision?.kind !== "granted") this.#reject("rate_limited", waiter, decision?.waitMs ?? 0);
    else {
      const { probe, entry, from } = decision;
      const { group, documented, operation, priority, route } = waiter;
      const about = { group, documented, operation, priority, route };
      const grantedAt = this.#parts.time.now();
      const permit = { ...about, entry, grantedAt, ...(probe !== undefined && { probe }) };
      if (probe !== undefined) this.#parts.onEvent({ type: "probe", group });
      if (from <= now) waiter.resolve(permit);
      else this.#depart(waiter, permit, entry, from).catch(waiter.reject);
    }
  }

  /** Waits for the promised slot. A permit that cannot be used is lost. */
  async #depart(waiter: Waiter, permit: GrantedPermit, { by }: LogEntry, from: number): Promise<void> {
    const { clock, time, fallback, settings } = this.#parts;
    const startedAt = clock.now();
    for (let ms = from - time.now().earliest; ms > 0; ms = from - time.now().earliest) await clock.sleep(ms);
    const hasWaitedLong = clock.now() - startedAt > settings.recheckMs;
    const pausedMs =
      (hasWaitedLong ? await this.#pausedMeanwhile(waiter.group) : 0) || fallback.pausedMs(waiter.group);
    const now = time.now();
    const isInTime = now.latest + settings.arrivalMs - settings.tableShareMs <= by;
    if (pausedMs > 0) this.#reject("rate_limited", waiter, pausedMs);
    else if (isInTime) waiter.resolve({ ...permit, grantedAt: now });
    else this.#enqueue(waiter);
  }

  /** The rest of a pause that began during the wait; 0 when there is none, as far as the table tells. */
  async #pausedMeanwhile(group: string): Promise<number> {
    const { record, time, settings } = this.#parts;
    const copy = await record.read().catch(() => undefined);
    const now = time.now().earliest;
    const pause = copy ? pauseOf(copy.limits, group, now) : { state: "none" as const };
    if (pause.state === "none") return 0;
    return pause.state === "paused" ? pause.until - now : settings.probeResponseMs;
  }

  #retry(waiter: Waiter, waitMs: number): void {
    const { clock, random } = this.#parts;
    if (waitMs > this.#maxWaitMs(waiter)) this.#reject("rate_limited", waiter, waitMs);
    else clock.sleep(waitMs * (1 + random() / 4)).then(() => this.#enqueue(waiter), waiter.reject);
  }

  #reject(kind: "rate_limited" | "storage", waiter: Waiter, waitMs: number, cause?: unknown): void {
    waiter.reject(rejection(kind, waitMs, this.#parts.random, cause));
  }

  #maxWaitMs({ priority, deadline, startedAt }: Waiter): number {
    const { clock, settings } = this.#parts;
    const waitedMs = clock.now() - startedAt;
    const leftMs = Math.min(
      settings.maxWaitMs[priority] - waitedMs,
      deadline.remainingMs() - settings.callMs,
    );
    return Math.max(0, leftMs);
  }

  /** @returns the calls that wait for the table or their share, until when it is worth another try */
  async #serveWithoutTable(waiters: readonly Waiter[], cause: unknown): Promise<Waiter[]> {
    const { record, clock } = this.#parts;
    const retryMs = Math.max(1, record.unavailableMs());
    const left = waiters.filter((waiter) => !this.#isSettledWithoutTable(waiter, retryMs, cause));
    if (left.length > 0) await clock.sleep(retryMs);
    return left;
  }

  #isSettledWithoutTable(waiter: Waiter, retryMs: number, cause: unknown): boolean {
    const { fallback, record, settings, time } = this.#parts;
    const { group, documented, operation, priority, route } = waiter;
    const { known } = record;
    const now = time.now().earliest;
    const pause = pauseOf(known, group, now);
    const pausedMs = Math.max(fallback.pausedMs(group), pause.state === "paused" ? pause.until - now : 0);
    const waitMs = pausedMs || fallback.admit(group, priority, groupIn(known, group, settings), now);
    if (waitMs === 0)
      waiter.resolve({ group, documented, operation, priority, route, grantedAt: time.now() });
    else if (pausedMs > 0) this.#reject("rate_limited", waiter, pausedMs, cause);
    else if (retryMs < this.#patienceMs(waiter)) return false;
    else this.#reject("storage", waiter, Math.min(waitMs, retryMs), cause);
    return true;
  }
}

function byGroup(waiters: readonly Waiter[]): Array<[string, Waiter[]]> {
  return [...Map.groupBy(waiters, ({ group }) => group)];
}
