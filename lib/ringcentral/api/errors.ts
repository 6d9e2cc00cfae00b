/** How a call to RingCentral failed. */
export type FailureKind =
  /** An HTTP answer with an error status and a readable body. */
  | "answer"
  /** HTTP 429, or refused by our own rate limiter before anything was sent. */
  | "rate_limited"
  /** The connection could not be made, or RingCentral said 503. */
  | "unavailable"
  /** No answer before the deadline. */
  | "timeout"
  /** Connection dropped, 5xx, or a body that is not the promised JSON. */
  | "broken"
  /** Login failed, or the API still refuses the token after one new login. */
  | "auth";

export interface RingCentralFailure {
  kind: FailureKind;
  /** Such as `listForwardingNumbers`. */
  operation: string;
  /** Absent when nothing was received. */
  status?: number;
  /** `errors[0].errorCode`, else the top-level one. [docs: ERR] */
  errorCode?: string;
  /** OAuth's own word, such as `invalid_client`; only from the token endpoint. [spec: OAS] */
  oauthError?: string;
  /** `RCRequestId`, for RingCentral's support. */
  requestId?: string;
  /** The parameter an input code speaks of, in RingCentral's vocabulary. */
  parameterName?: string;
  /** The permission CMN-401 and CMN-408 speak of. */
  permissionName?: string;
  retryAfterMs?: number;
  /** It was the caller's own deadline that ended the call: somebody with more time may fare better. */
  deadlineExceeded?: boolean;
  /**
   * Whether the request may have taken effect all the same. False only when it surely did not: refused before
   * sending, connection never made, or a 4xx answer.
   */
  mayHaveTakenEffect: boolean;
  cause?: unknown;
}

/** Every failure of the RingCentral client, in one class with a closed set of kinds. */
export class RingCentralError extends Error {
  readonly failure: RingCentralFailure;
  constructor(failure: RingCentralFailure) {
    const what = failure.errorCode ?? failure.status ?? "no answer";
    super(`RingCentral ${failure.operation}: ${failure.kind} (${what})`, { cause: failure.cause });
    this.name = "RingCentralError";
    this.failure = failure;
  }
}

/** For the log: such as `ECONNRESET`. The stack would only say that we sent a request. */
export function causeOf({ cause }: RingCentralFailure): { cause?: string } {
  return cause instanceof Error ? { cause: cause.message } : {};
}

/** The caller's time ran out before anything was sent on its behalf. */
export function outOfTime(operation: string): RingCentralError {
  return new RingCentralError({
    kind: "timeout",
    operation,
    deadlineExceeded: true,
    mayHaveTakenEffect: false,
  });
}
