import type { Clock } from "../../platform/clock.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { createCircuitBreaker } from "../../storage/circuit-breaker.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { type AccountLimits, charged, groupIn, pauseOf, withoutAnyProbe } from "./account-limits.ts";
import { applyResponse, countedGroup, isExhausted, penaltyOf, type Response } from "./apply-response.ts";
import { createTableClock, type FleetClock } from "./clock-bounds.ts";
import { type BudgetDescription, describe } from "./describe.ts";
import type { OnRateLimitEvent } from "./events.ts";
import { ACCOUNT, FallbackLimiter } from "./fallback.ts";
import { limitsKey } from "./limits-record.ts";
import type { GrantedPermit } from "./permit-log.ts";
import { PermitQueue, type PermitQueueParts } from "./permit-queue.ts";
import type { AdmissionRequest, Observation, Permit, RateLimiter } from "./ports.ts";
import { PrefetchedPermits } from "./prefetched-permits.ts";
import { rejection } from "./rejection.ts";
import { defaultSettings, type RateLimitSettings } from "./settings.ts";
import { VersionedRecord } from "./versioned-record.ts";

export interface SharedRateLimiterOptions {
  records: RecordStore;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Names the RingCentral user and app whose budgets these are, such as the account's id. */
  accountKey: string;
  /** Different for every process, also for two in succession. */
  instanceId: string;
  /** Default: this process's clock, give or take `maxSkewMs`. With the table's own time less budget is wasted. */
  time?: FleetClock;
  settings?: Partial<RateLimitSettings>;
  onEvent?: OnRateLimitEvent;
}

/** RingCentral's budgets, shared by the whole fleet. SPEC.md describes the protocol. */
export class SharedRateLimiter implements RateLimiter {
  readonly #queue: PermitQueue;
  readonly #parts: PermitQueueParts;

  constructor(options: SharedRateLimiterOptions) {
    const { records, clock, random, accountKey, instanceId, onEvent = () => {} } = options;
    const settings: RateLimitSettings = { ...defaultSettings, ...options.settings };
    // Before and after what is heard without the table: the calls of other processes look like those of other clients.
    const unlogged = (limits: AccountLimits) => {
      const untilAllAreBackMs = settings.windowMs + settings.maxStoragePauseMs;
      return { ...limits, unloggedUntil: time.now().latest + untilAllAreBackMs };
    };
    const breaker = createCircuitBreaker({
      clock,
      pauseMs: settings.storagePauseMs,
      maxPauseMs: settings.maxStoragePauseMs,
      timeoutMs: settings.tableShareMs,
      firstTimeoutMs: settings.firstStorageTimeoutMs,
      onOpen: (cause) => {
        fallback.lost(record.cached?.readAt);
        record.later(unlogged);
        onEvent({ type: "degraded", reason: cause instanceof Error ? cause.message : "unknown" });
      },
      onClose: (afterMs) => {
        record.later(unlogged);
        onEvent({ type: "recovered", afterMs });
      },
    });
    const time = options.time ?? createTableClock({ clock, maxSkewMs: settings.maxSkewMs });
    const key = limitsKey(accountKey);
    const record = new VersionedRecord({ records, breaker, key, clock, random, settings });
    const prefetched = new PrefetchedPermits(clock.now, settings);
    const fallback = new FallbackLimiter({ now: clock.now, random, settings });
    let ids = 0;
    const uniqueId = () => `${instanceId}.${ids++}`;
    this.#parts = { record, prefetched, fallback, clock, time, random, settings, onEvent, uniqueId };
    this.#queue = new PermitQueue(this.#parts);
  }

  async admit({ group: documented, priority, deadline, ...request }: AdmissionRequest): Promise<Permit> {
    const { route = "other", operation = route } = request;
    const { known } = this.#parts.record;
    const group = known.countedIn?.[operation] ?? documented;
    const about = { group, documented, operation, priority, route };
    const pausedMs = this.#parts.fallback.pausedMs(group);
    if (pausedMs > 0) {
      await this.#parts.record.flush();
      throw rejection("rate_limited", pausedMs, this.#parts.random);
    }
    const isPaused = pauseOf(known, group, this.#parts.time.now().earliest).state !== "none";
    const entry = isPaused ? undefined : this.#parts.prefetched.take(group, priority);
    if (entry === undefined) return this.#permitFor(await this.#queue.acquire({ ...about, deadline }));
    this.#parts.prefetched.demand(group, 1);
    const { priority: reservedFor, route: reservedBy } = entry;
    const grantedAt = this.#parts.time.now();
    return this.#permitFor({ ...about, priority: reservedFor, route: reservedBy, entry, grantedAt });
  }

  /** Every budget, for `GET /v1/limits`; this process's view while the table is unavailable. */
  async describe(): Promise<BudgetDescription[]> {
    try {
      const { limits } = await this.#parts.record.read();
      return describe(limits, this.#parts.time.now(), "fleet", this.#parts.settings);
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
      return describe(this.#parts.record.known, this.#parts.time.now(), "process", this.#parts.settings);
    }
  }

  #permitFor(permit: GrantedPermit): Permit {
    return {
      observe: (observation) => this.#observe(permit, observation),
      release: (sent) => this.#release(permit, sent),
    };
  }

  async #observe(permit: GrantedPermit, observation: Observation): Promise<void> {
    const response: Response = { observation, permit, now: this.#parts.time.now() };
    const counted = countedGroup(observation, permit);
    const isRejected = isExhausted(observation);
    this.#parts.fallback.ended(permit.group);
    if (isRejected) this.#pauseHere(counted, observation);
    else this.#parts.fallback.succeeded(permit.group);
    if (permit.entry === undefined || counted !== permit.group) this.#charge(counted, permit);
    if (permit.probe === undefined && !isRejected && this.#isKnown(response)) return;
    const settings = this.#parts.settings;
    try {
      let before: AccountLimits = { groups: {} };
      let after: AccountLimits | undefined;
      await this.#parts.record.update((limits) => {
        before = limits;
        after = applyResponse(limits, response, settings);
        return after;
      });
      if (after !== undefined) this.#report(before, after, response);
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
      this.#parts.record.later((limits) => applyResponse(limits, response, settings) ?? limits);
      if (isRejected) this.#reportPauseHere(counted, response);
    }
  }

  async #release(permit: GrantedPermit, sent: boolean): Promise<void> {
    const { entry, probe, group } = permit;
    if (entry === undefined) {
      this.#parts.fallback.ended(group);
      if (sent) this.#charge(group, permit);
      return;
    }
    const isLate = sent && this.#parts.time.now().latest > entry.by;
    if (isLate) this.#charge(group, permit);
    else if (!sent && probe !== undefined) {
      this.#parts.record.later((limits) => withoutAnyProbe(limits, group, probe));
    } else return;
    // A late use must be in the record before its slot is used again; the next probe must not wait a whole penalty.
    await this.#parts.record.flush();
  }

  /** Stops this process at once. */
  #pauseHere(group: string, observation: Observation): void {
    const forMs = penaltyOf(observation, this.#parts.settings) + this.#parts.settings.pauseGuardMs;
    const isAccountWide = observation.withoutHeaders;
    this.#parts.fallback.pause(isAccountWide ? ACCOUNT : group, forMs);
    this.#parts.prefetched.drop(isAccountWide ? undefined : group);
  }

  /** Tells of a pause that the table could not be told of. */
  #reportPauseHere(counted: string, { observation, now }: Response): void {
    const { withoutHeaders, errorCode } = observation;
    const group = withoutHeaders ? ACCOUNT : counted;
    const until = now.latest + penaltyOf(observation, this.#parts.settings);
    this.#parts.onEvent({ type: "paused", group, until, ...omitUndefined({ errorCode }) });
  }

  /** Counts a request that the group's log does not have, or has too early. */
  #charge(group: string, permit: GrantedPermit): void {
    const by = this.#parts.time.now().latest;
    this.#parts.record.later((limits) => charged(limits, group, permit, by, this.#parts.settings));
  }

  /** Whether the cached copy explains the response. An old copy may lack some permits of other processes. */
  #isKnown(response: Response): boolean {
    const copy = this.#parts.record.cached;
    if (copy === undefined) return false;
    const { limit } = groupIn(
      copy.limits,
      countedGroup(response.observation, response.permit),
      this.#parts.settings,
    );
    const slack = Math.max(1, Math.ceil(limit / 20));
    return applyResponse(copy.limits, response, this.#parts.settings, slack) === undefined;
  }

  #report(before: AccountLimits, after: AccountLimits, { observation, permit }: Response): void {
    const onEvent = this.#parts.onEvent;
    const { errorCode } = observation;
    const group = countedGroup(observation, permit);
    const [was, is] = [
      groupIn(before, group, this.#parts.settings),
      groupIn(after, group, this.#parts.settings),
    ];
    for (const [name, old, now] of [
      [group, was.pause, is.pause],
      [ACCOUNT, before.pause, after.pause],
    ] as const) {
      if (now && now.until > (old?.until ?? 0)) {
        onEvent({ type: "paused", group: name, until: now.until, ...omitUndefined({ errorCode }) });
      }
      if (old && !now) onEvent({ type: "resumed", group: name });
    }
    const { limit, windowMs, external } = is;
    if (limit !== was.limit || windowMs !== was.windowMs) {
      onEvent({ type: "limit_learned", group, limit, windowMs });
    }
    if (external && external.count > (was.external?.count ?? 0)) {
      onEvent({ type: "external_usage", group, count: external.count });
    }
    if (before.countedIn?.[permit.operation] !== after.countedIn?.[permit.operation]) {
      onEvent({ type: "group_renamed", documented: permit.documented, group });
    }
  }
}
