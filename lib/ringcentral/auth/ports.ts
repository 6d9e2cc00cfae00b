import type { Deadline } from "../../platform/deadline.ts";
import type { WaitLimit } from "../../platform/wait-limit.ts";
import type { FailureKind } from "../api/errors.ts";

/** An access token and the login that issued it. */
export interface AccessToken {
  value: string;
  /** Grows with every login of the whole fleet. Identifies the token without revealing it. */
  generation: number;
  /** Epoch milliseconds. */
  expiresAt: number;
  /** `server` of the credentials that it belongs to. */
  server: string;
  /** RingCentral's `owner_id`: the extension whose rate limits apply. */
  ownerId?: string;
  /** Space-separated app permissions. */
  scope?: string;
}

export interface TokenSource {
  /**
   * A token valid for at least some seconds more.
   * @param tableWait default: that of a new request
   * @throws RingCentralError kind `auth`, `rate_limited`, …
   */
  get(deadline: Deadline, tableWait?: WaitLimit): Promise<AccessToken>;
  /** Reports a token that RingCentral rejected: `get` never returns its generation again. */
  reject(token: AccessToken): void;
}

/** Events for metrics and log lines. They never carry a token or a secret. */
export type TokenEvent =
  | { type: "login"; generation: number; durationMs: number }
  | { type: "login_failed"; kind: FailureKind; errorCode?: string; durationMs: number }
  /** A login succeeded after its lease was lost; its token was dropped. */
  | { type: "fenced_off"; fence: number }
  /** The stored token opens with no secret that this process can get. */
  | { type: "unreadable"; generation: number }
  /** The table is unavailable: this process uses its own token, or has none. */
  | { type: "degraded"; how: "token_not_stored" | "no_token" };
