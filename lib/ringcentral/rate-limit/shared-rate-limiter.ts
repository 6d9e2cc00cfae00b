import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { WaitLimit } from "../../platform/wait-limit.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import {
  charged,
  countPermits,
  currentLog,
  DOCUMENTED_LIMITS,
  entryKind,
  externalCalls,
  type GrantedPermit,
  groupIn,
} from "./account-limits.ts";
import { applyResponse, countedGroup, isExhausted, penaltyOf, type Response } from "./apply-response.ts";
import type { ClockBounds } from "./clock-bounds.ts";
import { tagOf, topSpenders } from "./fair-share.ts";
import { FallbackLimiter } from "./fallback.ts";
import { ACCOUNT, type AccountLimits, NOTHING_KNOWN } from "./limits-record.ts";
import { type PauseState, pauseOf, withoutProbes } from "./pause.ts";
import { PermitQueue } from "./permit-queue.ts";
import type { AdmissionRequest, Permit, RateLimiter, SharedRateLimiterOptions } from "./ports.ts";
import { settings } from "./settings.ts";
import { VersionedRecord } from "./versioned-record.ts";

/** RingCentral's budgets, shared by the whole fleet. SPEC.md describes the protocol. */
export class SharedRateLimiter implements RateLimiter {
  readonly #time: SharedRateLimiterOptions["time"];
  readonly #onEvent: SharedRateLimiterOptions["onEvent"];
  readonly #record: VersionedRecord;
  readonly #fallback: FallbackLimiter;
  readonly #queue: PermitQueue;

  constructor(options: SharedRateLimiterOptions) {
    this.#time = options.time;
    this.#onEvent = options.onEvent;
    this.#fallback = new FallbackLimiter(options);
    this.#record = new VersionedRecord(options, {
      onOpen: (cause) => {
        this.#fallback.lost(this.#record.copy.readAt);
        this.#expectUnloggedCalls();
        this.#onEvent({ type: "degraded", reason: cause instanceof Error ? cause.message : "unknown" });
      },
      onClose: (afterMs) => {
        this.#expectUnloggedCalls();
        this.#onEvent({ type: "recovered", afterMs });
      },
    });
    this.#queue = new PermitQueue(options, this.#record, this.#fallback);
  }

  async admit({ group: documented, priority, ...request }: AdmissionRequest): Promise<Permit> {
    const { deadline, tableWait, route = "other", operation = route, spender: payer, isDue } = request;
    const group = this.#record.copy.limits.countedIn?.[operation] ?? documented;
    const spender = payer && tagOf(payer);
    const call = omitUndefined({ group, documented, operation, priority, route, spender, isDue });
    const permit = await this.#queue.acquire(call, deadline, tableWait);
    return {
      observe: (observation) => this.#observe({ observation, permit, now: this.#time.now() }),
      release: (sent) => this.#release(permit, sent),
    };
  }

  /** Reads the budgets, so that the first call need not. @throws StorageUnavailable */
  async prefetch(tableWait: WaitLimit): Promise<void> {
    await tableWait.limit(() => this.#record.read());
  }

  /** Every documented or known budget; as this process knows it while the table is unavailable. */
  async describe() {
    await this.#record.read().catch(() => undefined);
    const seenBy: "fleet" | "process" = this.#record.unavailableMs() > 0 ? "process" : "fleet";
    const { limits } = this.#record.copy;
    const names = new Set([...Object.keys(DOCUMENTED_LIMITS), ...Object.keys(limits.groups)]);
    return [...names].map((name) => ({ ...describeGroup(limits, name, this.#time.now()), seenBy }));
  }

  async #observe(response: Response): Promise<void> {
    const { observation, permit } = response;
    const { group } = permit.call;
    const counted = countedGroup(response);
    const isRejected = isExhausted(observation);
    this.#fallback.ended(group);
    if (isRejected) {
      const forMs = penaltyOf(observation) + settings.pauseGuardMs;
      this.#fallback.pause(observation.withoutHeaders ? ACCOUNT : counted, forMs);
    } else this.#fallback.succeeded(group);
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
    const isUnsentProbe = !sent && probe !== undefined;
    if (isUnsentProbe) this.#record.later((limits) => withoutProbes(limits, permit));
    // A late request must be in the record before its slot is used again; the next probe must not wait a whole penalty.
    if (entry !== undefined && (isUncounted || isUnsentProbe)) await this.#record.flush();
  }

  /**
   * While the table is away, the calls of other processes are in no log and look like external calls. This keeps them out
   * of the usual external load.
   */
  #expectUnloggedCalls(): void {
    const untilAllAreBackMs = settings.windowMs + settings.table.maxPauseMs;
    this.#record.later((limits) => {
      return { ...limits, unloggedUntil: this.#time.now().latest + untilAllAreBackMs };
    });
  }

  /** Counts a request that the group's log does not have, or has too early. */
  #charge(group: string, permit: GrantedPermit): void {
    const by = this.#time.now().latest;
    const kind = entryKind(permit);
    this.#record.later((limits) => charged(limits, group, kind, by));
  }

  /** Whether the copy explains the response. An old copy may lack some permits of other processes. */
  #isExplained(response: Response): boolean {
    const { limits } = this.#record.copy;
    const { limit } = groupIn(limits, countedGroup(response));
    const slack = Math.max(1, Math.ceil(limit / 20));
    return applyResponse(limits, response, slack) === limits;
  }

  #report(before: AccountLimits, after: AccountLimits, response: Response): void {
    const { errorCode } = response.observation;
    const { operation, documented } = response.permit.call;
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
    if (before.countedIn?.[operation] !== after.countedIn?.[operation]) {
      this.#onEvent({ type: "group_renamed", documented, group });
    }
  }
}

/** One budget, for `GET /v1/limits`. Instants are epoch milliseconds. */
function describeGroup(limits: AccountLimits, name: string, { earliest, latest }: ClockBounds) {
  const group = groupIn(limits, name);
  const { limit, windowMs, confirmed } = group;
  const log = currentLog(group, earliest);
  const granted = countPermits(log);
  const external = externalCalls(group, latest);
  const pause: { state: PauseState["state"]; until?: number } = pauseOf(limits, name, earliest);
  // An estimate: RingCentral's count may include calls of others that the fleet has not heard of.
  const remaining = pause.state === "none" ? Math.max(0, limit - granted - external) : 0;
  const spentByRoute: Record<string, { interactive: number; sync: number }> = {};
  for (const { route, priority, count } of log) {
    spentByRoute[route] ??= { interactive: 0, sync: 0 };
    spentByRoute[route][priority] += count;
  }
  const spentByCaller = topSpenders(group, log);
  return {
    group: name,
    limit,
    windowMs,
    confirmed,
    granted,
    external,
    remaining,
    pause,
    spentByRoute,
    spentByCaller,
  };
}
