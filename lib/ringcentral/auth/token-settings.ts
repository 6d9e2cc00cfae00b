/** The bounds of the shared token. Instants are compared across instances, so each bound says how skew enters. */
export const settings = {
  /** How wrong any instance's clock may be. Two instances may then differ by twice as much. */
  maxSkewMs: 5_000,
  /** Token calls of the whole fleet in any `windowMs`: one less than RingCentral's 5. [docs: AUTH5] */
  callsPerWindow: 4,
  windowMs: 60_000,
  /** Timeout of one token call. */
  loginTimeoutMs: 7_000,
  /** A login needs at least this much time; with less it would waste a call. */
  minLoginMs: 2_000,
  /** How long one instance has the sole right to log in: a call, and the write after it. */
  leaseMs: 10_000,
  /** The end of a lease, kept free for writing the token. */
  leaseReserveMs: 1_500,
  /** A token with a shorter life is not used: skew (2 x `maxSkewMs`) and the call it is for. */
  minValidityMs: 30_000,
  /** Renewal starts this long before expiry, earlier by up to as much again, at random per instance. */
  renewAheadMs: 300_000,
  /** After a failed renewal this instance waits this long, plus as much again at random. */
  renewRetryMs: 15_000,
  /** First backoff of rejected credentials; doubles with each rejection. */
  credentialBackoffMs: 60_000,
  maxCredentialBackoffMs: 900_000,
  /** First backoff after a login without a usable response; doubles. */
  loginBackoffMs: 5_000,
  maxLoginBackoffMs: 60_000,
  /** How long an Auth 429 without Retry-After pauses logins. [docs: RATE] */
  defaultRetryAfterMs: 60_000,
  /** A token rejected at a younger age counts as an early rejection. */
  youngTokenMs: 600_000,
  /** Delay of the login after the third early rejection, or the fourth login without a stored token, in a row; doubles. */
  repetitionDelayMs: 60_000,
  /** A waiter's first poll interval; grows by 1.7 up to the second bound. */
  firstPollMs: 150,
  maxPollMs: 1_000,
  /** One instance re-reads the secret no more often than this. */
  secretRereadMs: 15_000,
  /** Sessions beside the stored token's: one less than the five that RingCentral keeps. [docs: REF] */
  spareSessions: 4,
  /** Timeout of one table call before a login. */
  tableTimeoutMs: 800,
  /** Life of a refresh token whose end RingCentral does not state. [docs: TOK] */
  refreshLifeSeconds: 604_800,
  /** How long writing a login's outcome may hold up its caller. */
  outcomeWriteMs: 2_000,
  /** `Retry-After` while the table is unavailable. */
  tableRetryAfterMs: 2_000,
};
