import type { Deadline } from "../../platform/deadline.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { WaitLimit } from "../../platform/wait-limit.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import { createTableWait } from "../../storage/table-wait.ts";
import { backoffMs } from "../../storage/update-record.ts";
import { type Call, type GrantedPermit, groupIn } from "./account-limits.ts";
import { countedInShare, shareFreeFrom, sharesOf } from "./fair-share.ts";
import type { FallbackLimiter } from "./fallback.ts";
import type { LogEntry } from "./limits-record.ts";
import { pauseOf, withoutProbes } from "./pause.ts";
import type { SharedRateLimiterOptions } from "./ports.ts";
import { PrefetchedPermits } from "./prefetched-permits.ts";
import { rejection } from "./rejection.ts";
import { type Decision, reserve, usableSlots } from "./reserve.ts";
import { settings } from "./settings.ts";
import type { Copy, VersionedRecord } from "./versioned-record.ts";

type Result =
  | Decision
  /** Another process changed the record first. */
  | { kind: "lost_race" };

/** A call that waits for a decision. */
interface Waiter extends PromiseWithResolvers<Result> {
  readonly call: Call;
  /** How much longer it may wait for a slot. */
  readonly maxWaitMs: number;
  /** It has waited too long for the table. */
  hasLeft: boolean;
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
      throw rejection(call, "rate_limited", pausedMs, random);
    }
    const entry = this.#takePrefetched(call, grantedAt.earliest);
    if (entry !== undefined) return { call, entry, grantedAt };
    const maxWaitMs = () => {
      const mostMs = startedAt + settings.maxWaitMs[call.priority] - clock.now();
      return Math.max(0, Math.min(mostMs, deadline.remainingMs() - settings.callMs));
    };
    for (let races = 0; ; ) {
      try {
        const result = await this.#result(call, maxWaitMs(), tableWait);
        if (result.kind === "rejected") {
          throw rejection(call, "rate_limited", result.waitMs, random, { share: result.share });
        }
        if (result.kind === "later") await clock.sleep(result.waitMs * (1 + random() / 4));
        else if (result.kind === "lost_race")
          await this.#afterLostRace(call, ++races, maxWaitMs(), tableWait);
        else {
          const permit = await this.#permitInTime(call, result, tableWait);
          if (permit !== undefined) return permit;
        }
      } catch (error) {
        if (!(error instanceof StorageUnavailable)) throw error;
        const failedAt = clock.now();
        const maxTableWaitMs = Math.min(tableWait.leftMs(), deadline.remainingMs() - settings.callMs);
        if (await this.#isAdmittedWithoutTable(call, maxTableWaitMs, error))
          return { call, grantedAt: time.now() };
        tableWait.count(failedAt);
      }
    }
  }

  /** A prefetched permit, if the caller's share allows it. The next write counts it in the share. */
  #takePrefetched(call: Call, now: number): LogEntry | undefined {
    const { limits } = this.#record.copy;
    const group = groupIn(limits, call.group);
    const { slots } = usableSlots(group, now);
    const isHeld = sharesOf(limits, call, group, now).some(
      (one) => shareFreeFrom(group, one, slots, now) > now,
    );
    if (isHeld || pauseOf(limits, call.group, now).state !== "none") return undefined;
    const entry = this.#prefetched.take(call);
    if (entry !== undefined && call.spender !== undefined) {
      this.#record.later((known) => countedInShare(known, call, entry, now));
    }
    return entry;
  }

  /** The decision of the next round. */
  async #result(call: Call, maxWaitMs: number, tableWait: WaitLimit): Promise<Result> {
    const waiter: Waiter = { call, maxWaitMs, hasLeft: false, ...Promise.withResolvers<Result>() };
    const decide = () => {
      this.#waiting.push(waiter);
      if (!this.#isServing) void this.#serveAll();
      return waiter.promise;
    };
    try {
      return await tableWait.limit(decide);
    } finally {
      waiter.hasLeft = true;
    }
  }

  /** Waits for the promised slot. @returns `undefined` for a permit that is too old then: it is lost */
  async #permitInTime(
    call: Call,
    { from, entry, probe }: Decision & { kind: "granted" },
    tableWait: WaitLimit,
  ): Promise<GrantedPermit | undefined> {
    const { clock, time, random } = this.#options;
    const startedAt = clock.now();
    for (let ms = from - time.now().earliest; ms > 0; ms = from - time.now().earliest) {
      // No decision promises such a wait: the table's response to its write has shown that this process's clock was set.
      if (ms > settings.maxWaitMs[call.priority]) return undefined;
      await clock.sleep(ms);
    }
    const hasWaitedLong = clock.now() - startedAt > settings.recheckMs;
    const pausedMs =
      (hasWaitedLong && (await this.#pausedMeanwhile(call, tableWait))) ||
      this.#fallback.pausedMs(call.group);
    const permit = omitUndefined({ call, entry, probe, grantedAt: time.now() });
    const isInTime = permit.grantedAt.latest + settings.arrivalMs - settings.table.timeoutMs <= entry.by;
    if (isInTime && pausedMs === 0) return permit;
    if (probe !== undefined) this.#dropProbe(permit);
    if (pausedMs > 0) throw rejection(call, "rate_limited", pausedMs, random);
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
    while (this.#waiting.length > 0)
      await this.#serve(this.#waiting.splice(0).filter(({ hasLeft }) => !hasLeft));
    this.#isServing = false;
  }

  async #serve(waiters: readonly Waiter[]): Promise<void> {
    try {
      const isServed = this.#record.isLikelyCurrent() && (await this.#round(waiters, this.#record.copy));
      if (!isServed) await this.#round(waiters, undefined);
    } catch (error) {
      for (const { reject } of waiters) reject(error);
    }
  }

  /**
   * At most one reading of the record, and one write for all calls.
   * @returns false when the copy is too old for a decision
   */
  async #round(waiters: readonly Waiter[], cached: Copy | undefined): Promise<boolean> {
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
      if (!(await this.#record.write(copy, plan.limits))) {
        for (const { resolve } of waiters) resolve({ kind: "lost_race" });
        return true;
      }
      for (const { group, entry } of plan.prefetched) this.#prefetched.add(group, entry, askedAt);
    } else {
      // What the copy says may have changed, a pause too: an operator may have ended it.
      if (cached !== undefined && askedAt - cached.readAt > settings.cacheMs) return false;
      // A rejection writes nothing, and the fleet must not wait for the pending updates.
      await this.#record.flush();
    }
    for (const [{ call, resolve, hasLeft }, decision] of plan.decisions) {
      const probe = decision.kind === "granted" ? decision.probe : undefined;
      if (probe !== undefined && hasLeft) this.#dropProbe({ call, probe });
      else if (probe !== undefined) onEvent({ type: "probe", group: call.group });
      resolve(decision);
    }
    return true;
  }

  /** The probe is not sent. */
  #dropProbe(permit: Pick<GrantedPermit, "call" | "probe">): void {
    this.#record.later((limits) => withoutProbes(limits, permit));
  }

  /** @throws RingCentralError after too many lost races: `rate_limited`, or `storage` when the table is also slow */
  async #afterLostRace(call: Call, races: number, maxWaitMs: number, tableWait: WaitLimit): Promise<void> {
    const { clock, random, onEvent } = this.#options;
    if (races > settings.maxConflicts || maxWaitMs === 0) {
      onEvent({ type: "contention", group: call.group });
      throw rejection(call, tableWait.isSlow() ? "storage" : "rate_limited", settings.cacheMs, random);
    }
    // The first repetition costs less than a wait.
    if (races > 1) await clock.sleep(Math.min(backoffMs(races - 1, random), maxWaitMs));
  }

  /**
   * Waits for another try if that is worth it.
   * @returns whether the fallback limiter admits the call
   * @throws RingCentralError kind `rate_limited` during a penalty, kind `storage` when `maxTableWaitMs` does not suffice
   */
  async #isAdmittedWithoutTable(call: Call, maxTableWaitMs: number, cause: unknown): Promise<boolean> {
    const { clock, time, random } = this.#options;
    const { group } = call;
    const { limits } = this.#record.copy;
    const now = time.now().earliest;
    const pause = pauseOf(limits, group, now);
    const tableMs = pause.state === "paused" ? pause.until - now : 0;
    const pausedMs = Math.max(this.#fallback.pausedMs(group), tableMs);
    if (pausedMs > 0) throw rejection(call, "rate_limited", pausedMs, random, { cause });
    const budget = groupIn(limits, group);
    const shareMs = this.#record.isFailing() ? this.#fallback.shareFreeInMs(call, budget) : 0;
    if (shareMs > 0) {
      const share = this.#fallback.describeShare(group, budget);
      throw rejection(call, "rate_limited", shareMs, random, { cause, share });
    }
    const retryMs = Math.max(1, this.#record.unavailableMs());
    // While the table responds, only slowly, other processes have permits that the fallback limiter does not know.
    const fallbackMs = () => this.#fallback.admit(call, budget, now);
    const waitMs = this.#record.isFailing() ? fallbackMs() : retryMs;
    if (waitMs === 0) return true;
    if (retryMs >= maxTableWaitMs)
      throw rejection(call, "storage", Math.min(waitMs, retryMs), random, { cause });
    await clock.sleep(retryMs);
    return false;
  }
}
