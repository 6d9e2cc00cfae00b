import type { Deadline } from "../../platform/deadline.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { WaitLimit } from "../../platform/wait-limit.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import { createTableWait } from "../../storage/table-wait.ts";
import { backoffMs } from "../../storage/update-record.ts";
import { type Call, type GrantedPermit, groupIn } from "./account-limits.ts";
import type { FallbackLimiter } from "./fallback.ts";
import { pauseOf, withoutProbes } from "./pause.ts";
import type { SharedRateLimiterOptions } from "./ports.ts";
import { PrefetchedPermits } from "./prefetched-permits.ts";
import { rejection } from "./rejection.ts";
import { type Decision, reserve } from "./reserve.ts";
import { settings } from "./settings.ts";
import type { Copy, VersionedRecord } from "./versioned-record.ts";

type Result = Decision | { kind: "granted_by_fallback" };

/** A call that waits for a decision. */
interface Waiter {
  readonly call: Call;
  /** How much longer it may wait for a slot. */
  readonly maxWaitMs: number;
  /** How much longer it may wait for the table. */
  readonly maxTableWaitMs: number;
  /** It has been decided without the table, which took too long. */
  hasLeft: boolean;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** The calls of one process that wait for a permit. One compare-and-set at a time serves all of them. */
export class PermitQueue {
  readonly #options: SharedRateLimiterOptions;
  readonly #record: VersionedRecord;
  readonly #fallback: FallbackLimiter;
  readonly #prefetched: PrefetchedPermits;
  readonly #waiting: Waiter[] = [];
  #isServing = false;
  #rounds = 0;

  constructor(options: SharedRateLimiterOptions, record: VersionedRecord, fallback: FallbackLimiter) {
    this.#options = options;
    this.#record = record;
    this.#fallback = fallback;
    this.#prefetched = new PrefetchedPermits(options.clock.now);
  }

  /** @throws RingCentralError kind `rate_limited` or `storage`: see `RateLimiter.admit` */
  async acquire(
    call: Call,
    deadline: Deadline,
    tableWait = createTableWait(this.#options.clock),
  ): Promise<GrantedPermit> {
    const { clock, time, random } = this.#options;
    const startedAt = clock.now();
    const grantedAt = time.now();
    const pausedMs = this.#fallback.pausedMs(call.group);
    if (pausedMs > 0) {
      await this.#record.flush();
      throw rejection("rate_limited", pausedMs, random);
    }
    const { state } = pauseOf(this.#record.copy.limits, call.group, grantedAt.earliest);
    const entry = state === "none" ? this.#prefetched.take(call) : undefined;
    if (entry !== undefined) return { call, entry, grantedAt };
    for (;;) {
      const result = await this.#result(call, deadline, tableWait, startedAt);
      if (result.kind === "rejected") throw rejection("rate_limited", result.waitMs, random);
      if (result.kind === "granted_by_fallback") return { call, grantedAt: time.now() };
      if (result.kind === "later") await clock.sleep(result.waitMs * (1 + random() / 4));
      else {
        const permit = await this.#permitInTime(call, result, tableWait);
        if (permit !== undefined) return permit;
      }
    }
  }

  /** The decision of the next round. */
  async #result(call: Call, deadline: Deadline, tableWait: WaitLimit, startedAt: number): Promise<Result> {
    const { clock } = this.#options;
    const queuedAt = clock.now();
    const leftMs = (since: number, mostMs: number) =>
      Math.min(since + mostMs - clock.now(), deadline.remainingMs() - settings.callMs);
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const waiter: Waiter = {
      call,
      get maxWaitMs() {
        return Math.max(0, leftMs(startedAt, settings.maxWaitMs[call.priority]));
      },
      get maxTableWaitMs() {
        return leftMs(queuedAt, tableWait.leftMs());
      },
      hasLeft: false,
      resolve,
      reject,
    };
    const decide = () => {
      this.#waiting.push(waiter);
      if (!this.#isServing) void this.#serveAll();
      return promise;
    };
    return tableWait.limit(decide).catch(async (error: unknown) => {
      if (!(error instanceof StorageUnavailable)) throw error;
      await this.#withoutTable([waiter], error);
      waiter.hasLeft = true;
      return promise;
    });
  }

  /** Waits for the promised slot. @returns `undefined` for a permit that is too old then: it is lost */
  async #permitInTime(
    call: Call,
    { from, entry, probe }: Decision & { kind: "granted" },
    tableWait: WaitLimit,
  ): Promise<GrantedPermit | undefined> {
    const { clock, time, random } = this.#options;
    const startedAt = clock.now();
    for (let ms = from - time.now().earliest; ms > 0; ms = from - time.now().earliest) await clock.sleep(ms);
    const hasWaitedLong = clock.now() - startedAt > settings.recheckMs;
    const pausedMs =
      (hasWaitedLong && (await this.#pausedMeanwhile(call, tableWait))) ||
      this.#fallback.pausedMs(call.group);
    const permit = omitUndefined({ call, entry, probe, grantedAt: time.now() });
    const isInTime = permit.grantedAt.latest + settings.arrivalMs - settings.table.timeoutMs <= entry.by;
    if (isInTime && pausedMs === 0) return permit;
    if (probe !== undefined) this.#dropProbe(permit);
    if (pausedMs > 0) throw rejection("rate_limited", pausedMs, random);
    return undefined;
  }

  /** The rest of a pause that began during the wait; 0 when there is none, as far as the table tells. */
  async #pausedMeanwhile({ group }: Call, tableWait: WaitLimit): Promise<number> {
    await tableWait.limit(() => this.#record.read()).catch(() => undefined);
    const now = this.#options.time.now().earliest;
    const pause = pauseOf(this.#record.copy.limits, group, now);
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
    return this.#waiting.splice(0).filter(({ hasLeft }) => !hasLeft);
  }

  async #serve(waiters: Waiter[]): Promise<void> {
    let left = waiters;
    let copy = this.#record.isLikelyCurrent() ? this.#record.copy : undefined;
    for (let races = 0; left.length > 0; copy = undefined) {
      try {
        const result = await this.#round(left, copy);
        if (result === "served") return;
        if (result === "copy_too_old") continue;
        left = await this.#afterLostRace([...left, ...this.#takeWaiting()], ++races);
      } catch (error) {
        left = await this.#withoutTable([...left, ...this.#takeWaiting()], error);
      }
    }
  }

  /** At most one reading of the record, and one write for all calls. */
  async #round(
    waiters: Waiter[],
    cached: Copy | undefined,
  ): Promise<"served" | "lost_race" | "copy_too_old"> {
    const { clock, time, instanceId, onEvent } = this.#options;
    // Before the reading: calls that come meanwhile wait for the next round.
    const demand = [...Map.groupBy(waiters, ({ call }) => call.group)].map(
      ([group, { length }]) => [group, this.#prefetched.demand(group, length)] as const,
    );
    const copy = cached ?? (await this.#record.read());
    const { limits } = copy;
    const bounds = time.now();
    const askedAt = clock.now();
    // No other process in the fleet uses the name.
    const probeId = `${instanceId}.${this.#rounds++}`;
    const plan = reserve({ limits, bounds, probeId }, waiters, new Map(demand));
    if (plan.decisions.some(([, { kind }]) => kind === "granted")) {
      if (!(await this.#record.write(copy, plan.limits))) return "lost_race";
      for (const { group, entry } of plan.prefetched) this.#prefetched.add(group, entry, askedAt);
    } else {
      // What the copy says may have changed, a pause too: an operator may have ended it.
      if (cached !== undefined && askedAt - cached.readAt > settings.cacheMs) return "copy_too_old";
      // A rejection writes nothing, and the fleet must not wait for the pending updates.
      await this.#record.flush();
    }
    for (const [{ call, resolve, hasLeft }, decision] of plan.decisions) {
      const probe = decision.kind === "granted" ? decision.probe : undefined;
      if (probe !== undefined && hasLeft) this.#dropProbe({ call, probe });
      else if (probe !== undefined) onEvent({ type: "probe", group: call.group });
      resolve(decision);
    }
    return "served";
  }

  /** The probe is not sent. */
  #dropProbe(permit: Pick<GrantedPermit, "call" | "probe">): void {
    this.#record.later((limits) => withoutProbes(limits, permit));
  }

  /** Rejects the calls that have waited too long for a contended record. @returns the others */
  async #afterLostRace(waiters: readonly Waiter[], races: number): Promise<Waiter[]> {
    const { clock, random, onEvent } = this.#options;
    const left = waiters.filter(({ call, maxTableWaitMs, reject }) => {
      if (races <= settings.maxConflicts && maxTableWaitMs > 0) return true;
      onEvent({ type: "contention", group: call.group });
      reject(rejection("storage", settings.cacheMs, random));
      return false;
    });
    // The first repetition costs less than a wait.
    const pauseMs = races > 1 ? backoffMs(races, random) : 0;
    await clock.sleep(Math.min(pauseMs, ...left.map(({ maxTableWaitMs }) => maxTableWaitMs)));
    return left;
  }

  /** @returns the calls that wait for the table or their share, when it is worth another try */
  async #withoutTable(waiters: readonly Waiter[], cause: unknown): Promise<Waiter[]> {
    const { clock, time, random } = this.#options;
    const { limits } = this.#record.copy;
    const retryMs = Math.max(1, this.#record.unavailableMs());
    const left = waiters.filter(({ call, resolve, reject, maxTableWaitMs, hasLeft }) => {
      if (hasLeft) return false;
      const { group, priority } = call;
      const now = time.now().earliest;
      const pause = pauseOf(limits, group, now);
      const tableMs = pause.state === "paused" ? pause.until - now : 0;
      const pausedMs = Math.max(this.#fallback.pausedMs(group), tableMs);
      // While the table responds, only slowly, other processes have permits that the fallback limiter does not know.
      const fallbackMs = () => this.#fallback.admit(group, priority, groupIn(limits, group), now);
      const waitMs = pausedMs || (this.#record.isFailing() ? fallbackMs() : retryMs);
      if (waitMs === 0) resolve({ kind: "granted_by_fallback" });
      else if (pausedMs > 0) reject(rejection("rate_limited", pausedMs, random, cause));
      else if (retryMs < maxTableWaitMs) return true;
      else reject(rejection("storage", Math.min(waitMs, retryMs), random, cause));
      return false;
    });
    if (left.length > 0) await clock.sleep(retryMs);
    return left;
  }
}
