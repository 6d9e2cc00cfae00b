import type { ShareHolder } from "./operation.ts";

/** How a call to RingCentral failed. */
export type FailureKind =
  /** RingCentral rejected the request: an error status with a readable body. */
  | "rejected"
  /** HTTP 429, or our own rate limiter rejected the call before anything was sent. */
  | "rate_limited"
  /** Our table is unavailable, and without it the call may not be sent now. */
  | "storage"
  /** Our credentials cannot be read now, so nothing was sent. */
  | "credentials"
  /** The connection could not be made, or the status is 503. */
  | "unavailable"
  /** The account is locked while a template or a portal edit runs: 409, 423, or 400 "in progress" [observed]. */
  | "locked"
  /** RingCentral's limited mode serves some operations only: 503 CMN-211. [docs: ERR] */
  | "limited_mode"
  /** No response before the deadline. */
  | "timeout"
  /** Connection dropped, 5xx, or a body that is not the expected JSON. */
  | "bad_response"
  /** Login failed, or the API rejects the token again after one new login. */
  | "auth"
  /** The user whose session pays for the call has none, or RingCentral has ended it: a new sign-in is needed. */
  | "session_ended";

/** A share of a budget that is used up. */
export interface ShareUsed {
  of: ShareHolder;
  group: string;
  /** The most calls it may hold in a window. */
  limit: number;
  windowSeconds: number;
}

export interface RingCentralFailure {
  kind: FailureKind;
  /** Such as `listForwardingNumbers`. */
  operation: string;
  /** Absent when no response was received. */
  status?: number;
  /** `errors[0].errorCode`, else the top-level one. [docs: ERR] */
  errorCode?: string;
  /** OAuth's `error`, such as `invalid_client`; only from the token endpoint. [spec: OAS] */
  oauthError?: string;
  /** `RCRequestId`, for RingCentral's support. */
  requestId?: string;
  /** The parameter that an input error names, in RingCentral's vocabulary. */
  parameterName?: string;
  /** The missing permission of CMN-401 and CMN-408. */
  permissionName?: string;
  retryAfterMs?: number;
  /** Of kind `rate_limited`: the budget has calls left, but not for this caller or extension. */
  share?: ShareUsed;
  /** The caller's own deadline ended the call: a caller with more time may succeed. */
  deadlineExceeded?: boolean;
  /** A connection kept from an earlier exchange stayed silent: it may be dead, and a new one may work. */
  wasKeptConnection?: boolean;
  /**
   * Whether the request may have taken effect. False only when it certainly has not: rejected before sending,
   * connection never made, or a 4xx response.
   */
  mayHaveTakenEffect: boolean;
  cause?: unknown;
}

/** Every failure of the RingCentral client: one class with a closed set of kinds. */
export class RingCentralError extends Error {
  readonly failure: RingCentralFailure;
  constructor(failure: RingCentralFailure) {
    const withoutStatus = failure.mayHaveTakenEffect ? "no response" : "not sent";
    const what = failure.errorCode ?? failure.status ?? withoutStatus;
    super(`RingCentral ${failure.operation}: ${failure.kind} (${what})`, { cause: failure.cause });
    this.name = "RingCentralError";
    this.failure = failure;
  }

  /** Whether the failure may pass by itself. It then says nothing about the data or the permissions. */
  get isTransient(): boolean {
    return !["rejected", "auth", "session_ended"].includes(this.failure.kind);
  }
}

/**
 * Whether RingCentral says that there is no such endpoint. Its servers do so in several ways: 404 `AGW-…` [observed: PM],
 * 404 `CMN-120` [observed: TS], a 404 that is empty or HTML, 405, 410 or 501; but not with a 404 that names
 * the account or the extension.
 */
export function deniesEndpoint({ status = 0, errorCode, parameterName = "" }: RingCentralFailure): boolean {
  const namesResource = errorCode === "CMN-102" || ["accountId", "extensionId"].includes(parameterName);
  return [404, 405, 410, 501].includes(status) && !namesResource;
}

/** The cause for the log, such as `ECONNRESET`. The stack trace would show only that a request was sent. */
export function causeOf({ cause }: RingCentralFailure): { cause?: string } {
  return cause instanceof Error ? { cause: cause.message } : {};
}

/** The caller's time ran out before anything was sent for it. */
export function outOfTime(operation: string): RingCentralError {
  return new RingCentralError({
    kind: "timeout",
    operation,
    deadlineExceeded: true,
    mayHaveTakenEffect: false,
  });
}
