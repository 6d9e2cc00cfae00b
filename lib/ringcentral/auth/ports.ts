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
  /** RingCentral has ended a user's session. */
  | { type: "session_ended"; errorCode?: string; durationMs: number }
  /** A login succeeded after its lease was lost; its token was dropped. */
  | { type: "fenced_off"; fence: number }
  /** The stored token opens with no secret that this process can get. */
  | { type: "unreadable"; generation: number }
  /** The table is unavailable: this process uses its own token, or has none. */
  | { type: "degraded"; how: "token_not_stored" | "no_token" };

export interface SessionUser {
  accountId: string;
  extensionId: string;
}

/** What RingCentral's token endpoint gives for a user's code. */
export interface UserGrant {
  accessToken: string;
  expiresInSeconds: number;
  refreshToken: string;
  refreshExpiresInSeconds?: number;
  scope?: string;
  ownerId?: string;
  /** Epoch milliseconds: when the request was sent. */
  sentAt: number;
}

/** The users' sessions at RingCentral: one for each extension, which all apps of the user share. */
export interface UserSessions {
  /**
   * Stores a new session. A former one is replaced and revoked.
   * @throws StorageUnavailable, and the errors of the credentials
   */
  begin(user: SessionUser, grant: UserGrant, deadline: Deadline): Promise<void>;
  /** Deletes the session's tokens and revokes it. @throws as `begin` */
  end(user: SessionUser, deadline: Deadline): Promise<void>;
  /** `ended`: by RingCentral; the user has to sign in again. @throws StorageUnavailable */
  state(user: SessionUser): Promise<"active" | "ended" | "none">;
}

/** A request that waits, a user who signs in, and the renewal of a token that still serves: in this order. */
export type TokenNeed = "request" | "sign_in" | "renewal";

/** The calls of one app to RingCentral's token endpoint: log-ins, refreshes, codes and revocations together. */
export interface TokenCalls {
  /**
   * A permit for one call. It waits for one as long as the deadline allows.
   * @param who names the waiting user or sign-in: its place in the line is kept until it asks again
   * @throws RingCentralError kind `rate_limited` with `retryAfterMs`; StorageUnavailable
   */
  take(need: TokenNeed, deadline: Deadline, who?: string): Promise<TokenCall>;
}

export interface TokenCall {
  /** Time until the call has to be over. */
  leftMs(): number;
  /** No call is made. It never throws. */
  unused(): Promise<void>;
  /** Called after the call, with its response if there was one. It never throws. */
  ended(outcome?: TokenCallOutcome): Promise<void>;
}

/** What a response of the token endpoint says about the limit: `readTokenCallOutcome` of its status and headers. */
export interface TokenCallOutcome {
  status: number;
  limit?: number;
  remaining?: number;
  windowSeconds?: number;
  /** Of a 429. */
  retryAfterMs?: number;
}
