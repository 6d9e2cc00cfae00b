import type { Deadline } from "../platform/deadline.ts";
import type { UsagePlanGroup } from "./api/operation.ts";

export interface AdmissionRequest {
  group: Exclude<UsagePlanGroup, "auth">;
  priority: "interactive" | "sync";
  deadline: Deadline;
  route?: string;
  /** Such as `listForwardingNumbers`: RingCentral may count it in another group than documented. */
  operation?: string;
}

/** What one RingCentral answer says about the budget. */
export interface Observation {
  /** From `X-Rate-Limit-Group`, lower case, when present; else the group the operation is documented in. */
  group: string;
  status: number;
  limit?: number;
  remaining?: number;
  windowSeconds?: number;
  retryAfterMs?: number;
  /** 429 that carries no `X-Rate-Limit-*` headers: some wider limit (IP, account, global). [docs: RATE] */
  withoutHeaders: boolean;
  errorCode?: string;
}

/** Decides whether a call may leave now. */
export interface RateLimiter {
  /**
   * Resolves when the call may be sent.
   * @throws RingCentralError kind `rate_limited` with an honest `retryAfterMs`, at once, when that cannot be
   * before the deadline
   */
  admit(request: AdmissionRequest): Promise<Permit>;
}

/** The right to send one request. Exactly one of the two must be called. */
export interface Permit {
  observe(observation: Observation): Promise<void>;
  /** Nothing was sent, or no answer came. `sent` = the request may have been counted upstream. */
  release(sent: boolean): Promise<void>;
}
