import type { Clock } from "../../platform/clock.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { createCircuitBreaker } from "../../storage/circuit-breaker.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import {
  ACCOUNT,
  type AccountLimits,
  charged,
  type GrantedPermit,
  groupIn,
  NOTHING_KNOWN,
  pauseOf,
  withoutProbes,
} from "./account-limits.ts";
import { applyResponse, countedGroup, isExhausted, penaltyOf, type Response } from "./apply-response.ts";
import type { FleetClock } from "./clock-bounds.ts";
import { describe } from "./describe.ts";
import { FallbackLimiter } from "./fallback.ts";
import { limitsKey } from "./limits-record.ts";
import { PermitQueue, rejection } from "./permit-queue.ts";
import type { AdmissionRequest, Observation, Permit, RateLimitEvent, RateLimiter } from "./ports.ts";
import { PrefetchedPermits } from "./prefetched-permits.ts";
import { settings } from "./settings.ts";
import { VersionedRecord } from "./versioned-record.ts";

export interface SharedRateLimiterOptions {
  records: RecordStore;
  clock: Clock;
  time: FleetClock;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Names the RingCentral user and app whose budgets these are, such as the account's id. */
  accountKey: string;
  /** Different for every process, also for two in succession. */
  instanceId: string;
  /** The most processes that may exist. */
  fleetSize: number;
  onEvent: (event: RateLimitEvent) => void;
}

/** RingCentral's budgets, shared by the whole fleet. SPEC.md describes the protocol. */
export class SharedRateLimiter implements RateLimiter {
  readonly #time: FleetClock;
  readonly #random: () => number;
  readonly #onEvent: (event: RateLimitEvent) => void;
  readonly #record: VersionedRecord;
  readonly #fallback: FallbackLimiter;
  readonly #prefetched: PrefetchedPermits;
  readonly #queue: PermitQueue;

  constructor({ records, clock, time, random, onEvent, ...options }: SharedRateLimiterOptions) {
    const breaker = createCircuitBreaker({
      clock,
      pauseMs: settings.storagePauseMs,
      maxPauseMs: settings.maxStoragePauseMs,
      timeoutMs: settings.tableShareMs,
      firstTimeoutMs: settings.firstStorageTimeoutMs,
      onOpen: (cause) => {
        fallback.lost(record.copy.readAt);
        this.#expectUnloggedCalls();
        onEvent({ type: "degraded", reason: cause instanceof Error ? cause.message : "unknown" });
      },
      onClose: (afterMs) => {
        this.#expectUnloggedCalls();
        onEvent({ type: "recovered", afterMs });
      },
    });
    const record = new VersionedRecord({
      records,
      key: limitsKey(options.accountKey),
      breaker,
      clock,
      random,
    });
    const prefetched = new PrefetchedPermits(clock.now);
    const fallback = new FallbackLimiter(clock.now, random, options.fleetSize);
    let ids = 0;
    const uniqueId = () => `${options.instanceId}.${ids++}`;
    this.#time = time;
    this.#random = random;
    this.#onEvent = onEvent;
    this.#record = record;
    this.#fallback = fallback;
    this.#prefetched = prefetched;
    this.#queue = new PermitQueue({ record, prefetched, fallback, clock, time, random, onEvent, uniqueId });
  }

  async admit({ group: documented, priority, deadline, ...request }: AdmissionRequest): Promise<Permit> {
    const { route = "other", operation = route } = request;
    const { limits } = this.#record.copy;
    const group = limits.countedIn?.[operation] ?? documented;
    const call = { group, documented, operation, priority, route };
    const pausedMs = this.#fallback.pausedMs(group);
    if (pausedMs > 0) {
      await this.#record.flush();
      throw rejection("rate_limited", pausedMs, this.#random);
    }
    const grantedAt = this.#time.now();
    const isPaused = pauseOf(limits, group, grantedAt.earliest).state !== "none";
    const entry = isPaused ? undefined : this.#prefetched.take(call);
    const permit = entry ? { call, entry, grantedAt } : await this.#queue.acquire(call, deadline);
    return {
      observe: (observation) => this.#observe({ observation, permit, now: this.#time.now() }),
      release: (sent) => this.#release(permit, sent),
    };
  }

  /** Every budget; this process's view while the table is unavailable. */
  async describe() {
    const seenBy = await this.#record.read().then(
      () => "fleet" as const,
      (error) => {
        if (!(error instanceof StorageUnavailable)) throw error;
        return "process" as const;
      },
    );
    const budgets = describe(this.#record.copy.limits, this.#time.now());
    return budgets.map((budget) => ({ ...budget, seenBy }));
  }

  async #observe(response: Response): Promise<void> {
    const { observation, permit } = response;
    const { group } = permit.call;
    const counted = countedGroup(response);
    const isRejected = isExhausted(observation);
    this.#fallback.ended(group);
    if (isRejected) this.#pauseHere(counted, observation);
    else this.#fallback.succeeded(group);
    if (permit.entry === undefined || counted !== group) this.#charge(counted, permit);
    if (permit.probe === undefined && !isRejected && this.#isExplained(response)) return;
    let before = NOTHING_KNOWN;
    let after = NOTHING_KNOWN;
    try {
      await this.#record.update((limits) => {
        before = limits;
        after = applyResponse(limits, response);
        return after;
      });
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
      before = this.#record.copy.limits;
      this.#record.later((limits) => applyResponse(limits, response));
      after = this.#record.copy.limits;
    }
    this.#report(before, after, response);
  }

  async #release(permit: GrantedPermit, sent: boolean): Promise<void> {
    const { call, entry, probe } = permit;
    if (entry === undefined) this.#fallback.ended(call.group);
    const isUncounted = sent && (entry === undefined || this.#time.now().latest > entry.by);
    if (isUncounted) this.#charge(call.group, permit);
    const unsent = sent ? undefined : probe;
    if (unsent !== undefined) this.#record.later((limits) => withoutProbes(limits, call.group, unsent));
    // A late use must be in the record before its slot is used again; the next probe must not wait a whole penalty.
    if (entry !== undefined && (isUncounted || unsent !== undefined)) await this.#record.flush();
  }

  /** Stops this process at once. */
  #pauseHere(group: string, observation: Observation): void {
    const forMs = penaltyOf(observation) + settings.pauseGuardMs;
    this.#fallback.pause(observation.withoutHeaders ? ACCOUNT : group, forMs);
    this.#prefetched.drop(observation.withoutHeaders ? undefined : group);
  }

  /** Before and after what is heard without the table: the calls of other processes look like those of other clients. */
  #expectUnloggedCalls(): void {
    const untilAllAreBackMs = settings.windowMs + settings.maxStoragePauseMs;
    this.#record.later((limits) => {
      return { ...limits, unloggedUntil: this.#time.now().latest + untilAllAreBackMs };
    });
  }

  /** Counts a request that the group's log does not have, or has too early. */
  #charge(group: string, permit: GrantedPermit): void {
    const by = this.#time.now().latest;
    this.#record.later((limits) => charged(limits, group, permit, by));
  }

  /** Whether the copy explains the response. An old copy may lack some permits of other processes. */
  #isExplained(response: Response): boolean {
    const { limits } = this.#record.copy;
    const { limit } = groupIn(limits, countedGroup(response));
    const slack = Math.max(1, Math.ceil(limit / 20));
    return applyResponse(limits, response, slack) === limits;
  }

  #report(before: AccountLimits, after: AccountLimits, response: Response): void {
    const { observation, permit } = response;
    const { errorCode } = observation;
    const group = countedGroup(response);
    for (const name of [group, ACCOUNT]) {
      const [old, now] = [before.pauses[name], after.pauses[name]];
      if (now && now.until > (old?.until ?? 0)) {
        this.#onEvent({ type: "paused", group: name, until: now.until, ...omitUndefined({ errorCode }) });
      }
      if (old && !now) this.#onEvent({ type: "resumed", group: name });
    }
    const [was, { limit, windowMs, external }] = [groupIn(before, group), groupIn(after, group)];
    if (limit !== was.limit || windowMs !== was.windowMs) {
      this.#onEvent({ type: "limit_learned", group, limit, windowMs });
    }
    if (external && external.count > (was.external?.count ?? 0)) {
      this.#onEvent({ type: "external_usage", group, count: external.count });
    }
    const { operation, documented } = permit.call;
    if (before.countedIn?.[operation] !== after.countedIn?.[operation]) {
      this.#onEvent({ type: "group_renamed", documented, group });
    }
  }
}
