/** The bounds of the shared token. Instants are compared across instances, so each bound says how skew enters. */
export interface TokenSettings {
  /** How wrong any instance's clock may be. Two instances may then differ by twice as much. */
  maxSkewMs: number;
  /** Token calls of the whole fleet in any `windowMs`: one less than RingCentral's 5. [docs: AUTH5] */
  callsPerWindow: number;
  windowMs: number;
  /** Timeout of one token call. */
  loginTimeoutMs: number;
  /** A login needs at least this much time; with less it would spend a call in vain. */
  minLoginMs: number;
  /** How long one instance has the sole right to log in: a call, and the write after it. */
  leaseMs: number;
  /** The end of a lease, kept free for writing the token. */
  leaseReserveMs: number;
  /** A token with a shorter life is not used: skew (2 x `maxSkewMs`) and the call it is for. */
  minValidityMs: number;
  /** Renewal starts this long before expiry, earlier by up to as much again, at random per instance. */
  renewAheadMs: number;
  /** After a failed renewal this instance waits this long, plus as much again at random. */
  renewRetryMs: number;
  /** First backoff of rejected credentials; doubles with each rejection. */
  credentialBackoffMs: number;
  maxCredentialBackoffMs: number;
  /** First backoff after a login without a usable response; doubles. */
  loginBackoffMs: number;
  maxLoginBackoffMs: number;
  /** How long an Auth 429 without Retry-After pauses logins. [docs: RATE] */
  defaultRetryAfterMs: number;
  /** A token rejected at a younger age counts as an early rejection. */
  youngTokenMs: number;
  /** Delay of the login after the third early rejection, or the fourth login without a stored token, in a row; doubles. */
  repetitionDelayMs: number;
  /** A waiter's first poll interval; grows by 1.7 up to the second bound. */
  firstPollMs: number;
  maxPollMs: number;
  /** One instance re-reads the secret no more often than this. */
  secretRereadMs: number;
  /** Sessions beside the stored token's: one less than the five that RingCentral keeps. [docs: REF] */
  spareSessions: number;
  /** Timeout of one table call before a login. */
  tableTimeoutMs: number;
  /** While the table fails, a caller's last try begins within this time. */
  tablePatienceMs: number;
  /** How long writing a login's outcome may hold up its caller. */
  outcomeWriteMs: number;
  /** `Retry-After` while the table is unavailable. */
  tableRetryAfterMs: number;
}

export const defaultTokenSettings: TokenSettings = {
  maxSkewMs: 5_000,
  callsPerWindow: 4,
  windowMs: 60_000,
  loginTimeoutMs: 7_000,
  minLoginMs: 2_000,
  leaseMs: 10_000,
  leaseReserveMs: 1_500,
  minValidityMs: 30_000,
  renewAheadMs: 300_000,
  renewRetryMs: 15_000,
  credentialBackoffMs: 60_000,
  maxCredentialBackoffMs: 900_000,
  loginBackoffMs: 5_000,
  maxLoginBackoffMs: 60_000,
  defaultRetryAfterMs: 60_000,
  youngTokenMs: 600_000,
  repetitionDelayMs: 60_000,
  firstPollMs: 150,
  maxPollMs: 1_000,
  secretRereadMs: 15_000,
  spareSessions: 4,
  tableTimeoutMs: 800,
  tablePatienceMs: 1_150,
  outcomeWriteMs: 2_000,
  tableRetryAfterMs: 2_000,
};
