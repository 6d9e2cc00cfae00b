import type { Deadline } from "../../platform/deadline.ts";

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
  /** A token valid for at least some seconds more. @throws RingCentralError kind `auth`, `rate_limited`, … */
  get(deadline: Deadline): Promise<AccessToken>;
  /** Reports a token that RingCentral rejected: `get` never returns its generation again. */
  reject(token: AccessToken): void;
}
