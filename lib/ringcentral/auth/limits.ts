/** Every bound the token store keeps. Instants are compared across instances, so each says how skew enters. */
export interface TokenSettings {
  /** How wrong any instance's clock may be. Two instances may then differ by twice as much. */
  maxSkewMs: number;
  /** At most this many token calls of the whole fleet in any `windowMs`: one less than RingCentral's 5. [docs: AUTH5] */
  callsPerWindow: number;
  windowMs: number;
  /** Bound of one token call. */
  loginTimeoutMs: number;
  /** With less time than this a login is not begun: it would spend a call for nothing. */
  minLoginMs: number;
  /** How long one instance has the sole right to log in; longer than a call and the write after it. */
  leaseMs: number;
  /** Kept free at the end of a lease for writing the token down. */
  leaseReserveMs: number;
  /** A token with less life than this is not handed out: skew (2 x `maxSkewMs`) and the call it is for. */
  minValidityMs: number;
  /** Renewal starts this long before expiry, earlier by up to as much again, at random per instance. */
  renewAheadMs: number;
  /** After a renewal that came to nothing, this instance tries again no sooner (plus as much at random). */
  renewRetryMs: number;
  /** First cool-down of refused credentials; doubles with each refusal. */
  refusedMs: number;
  maxRefusedMs: number;
  /** First cool-down after RingCentral failed to answer a login; doubles. */
  troubledMs: number;
  maxTroubledMs: number;
  /** How long an Auth 429 without Retry-After closes the gate. [docs: RATE] */
  defaultRetryAfterMs: number;
  /** Tokens refused younger than this count as a streak, whose third and later logins are spaced out. */
  youngTokenMs: number;
  streakDelayMs: number;
  /** A waiter's first poll; grows by 1.7 up to the second bound. */
  firstPollMs: number;
  maxPollMs: number;
  /** How often one instance re-reads the secret because of refused credentials or an unreadable token. */
  secretRereadMs: number;
  /** While the table is unavailable: logins of one process per `windowMs`. 0 = never log in without it. */
  localLoginsPerWindow: number;
  /** Failed attempts at the table before a process without a token logs in on its own. */
  storageAttempts: number;
}

export const defaultLimits: TokenSettings = {
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
  refusedMs: 60_000,
  maxRefusedMs: 900_000,
  troubledMs: 5_000,
  maxTroubledMs: 60_000,
  defaultRetryAfterMs: 60_000,
  youngTokenMs: 600_000,
  streakDelayMs: 60_000,
  firstPollMs: 150,
  maxPollMs: 1_000,
  secretRereadMs: 15_000,
  localLoginsPerWindow: 1,
  storageAttempts: 3,
};
