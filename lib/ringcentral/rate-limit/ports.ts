import type { Clock } from "../../platform/clock.ts";
import type { Deadline } from "../../platform/deadline.ts";
import type { WaitLimit } from "../../platform/wait-limit.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import type { Spender, UsagePlanGroup } from "../api/operation.ts";
import type { FleetClock } from "./clock-bounds.ts";

export interface AdmissionRequest {
  group: Exclude<UsagePlanGroup, "auth">;
  priority: "interactive" | "sync";
  deadline: Deadline;
  /** Default: that of a new request. */
  tableWait?: WaitLimit;
  route?: string;
  /** Such as `listForwardingNumbers`: RingCentral may count it in another group than documented. */
  operation?: string;
  /** Whose share the call is counted in; absent for the service's own calls. */
  spender?: Spender;
  /** It completes a write: it is counted in a share, but never rejected because of it. */
  isDue?: boolean;
}

export type Priority = AdmissionRequest["priority"];

/** What one RingCentral response says about the budget. */
export interface Observation {
  /** From `X-Rate-Limit-Group`, lower case, when present; else the group the operation is documented in. */
  group: string;
  status: number;
  limit?: number;
  remaining?: number;
  windowSeconds?: number;
  retryAfterMs?: number;
  /** A 429 without `X-Rate-Limit-*` headers: a wider limit (IP, account, global). [docs: RATE] */
  withoutHeaders: boolean;
  errorCode?: string;
}

/** Decides whether a call may leave now. */
export interface RateLimiter {
  /**
   * Resolves when the call may be sent.
   * @throws RingCentralError kind `rate_limited`, at once, when no permit comes before the deadline; its
   * `retryAfterMs` says when one does, or a second after too many lost races; with `share` when only the caller's or
   * the extension's share is used up. Kind `storage`, at the end of `tableWait`,
   * when the table does not respond.
   */
  admit(request: AdmissionRequest): Promise<Permit>;
}

/** The right to send one request. Exactly one of the two must be called. */
export interface Permit {
  observe(observation: Observation): Promise<void>;
  /** No response came. `sent` = the request may have been counted upstream. */
  release(sent: boolean): Promise<void>;
}

/** Events for metrics and logs. Instants are epoch milliseconds; the group `*` is the whole account. */
export type RateLimitEvent =
  | { type: "paused"; group: string; until: number; errorCode?: string }
  | { type: "resumed"; group: string }
  | { type: "probe"; group: string }
  /** RingCentral's headers name another limit than the one in use. */
  | { type: "limit_learned"; group: string; limit: number; windowMs: number }
  /** RingCentral counts an operation in another group than documented. */
  | { type: "group_renamed"; documented: string; group: string }
  /** Another client spent `count` calls of the budget in the present window. */
  | { type: "external_usage"; group: string; count: number }
  /** Too many processes changed the record at once: a call got no permit. */
  | { type: "contention"; group: string }
  /** The table is unavailable: this process uses its fallback limiter. */
  | { type: "degraded"; reason: string }
  | { type: "recovered"; afterMs: number };

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
