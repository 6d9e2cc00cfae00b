import { type Deadline, deadlineIn } from "../../platform/deadline.ts";
import { withTimeout } from "../../platform/with-timeout.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordKey, RecordStore } from "../../storage/record-store.ts";
import { retryingRecords } from "../../storage/retrying-records.ts";
import type { RingCentralError } from "../api/errors.ts";
import type { IssuedToken } from "./cached-token.ts";
import type { Candidate } from "./credential-candidates.ts";
import { type LoginDeps, logIn } from "./login.ts";
import { sealToken } from "./sealed-token.ts";
import {
  type TokenRecord,
  withBackoff,
  withoutLease,
  withRateLimit,
  withRejectedCredentials,
  withToken,
  withUnusedLease,
} from "./token-record.ts";
import type { TokenSettings } from "./token-settings.ts";

export interface LeasedLoginDeps extends LoginDeps {
  records: RecordStore;
  key: RecordKey;
  accountKey: string;
  settings: TokenSettings;
}

/** A lease that this process has taken. */
export interface TokenLease {
  /** The record that grants the lease, and its version. Every later write is conditional on that version. */
  record: TokenRecord;
  version: number;
  candidate: Candidate;
  /** The generation of the token that this lease may publish. */
  generation: number;
}

export type LeaseOutcome =
  /** Every process can read the token. */
  | { type: "published"; token: IssuedToken }
  /** The token is valid, but the table did not take it. */
  | { type: "unpublished"; token: IssuedToken }
  /** Another process has taken the lease; this token is dropped. */
  | { type: "fenced_off" }
  /** The record says until when no process tries again. */
  | { type: "failed"; failure: RingCentralError }
  /** Too little time left to begin. */
  | { type: "no_time" };

/**
 * Logs in once under the lease and writes either the token or a pause. The call is already logged in the record. A
 * holder that was overtaken writes nothing: the version has changed.
 * @param reserveMs what must be left of the deadline after the call
 */
export async function loginUnderLease(
  deps: LeasedLoginDeps,
  lease: TokenLease,
  deadline: Deadline,
  reserveMs: number,
): Promise<LeaseOutcome> {
  const { clock, settings } = deps;
  const { record, candidate } = lease;
  const leaseLeftMs = (record.lease?.until ?? 0) - settings.leaseReserveMs - clock.now();
  const timeoutMs = Math.min(settings.loginTimeoutMs, leaseLeftMs, deadline.remainingMs() - reserveMs);
  if (timeoutMs < settings.minLoginMs) {
    await giveBack(deps, lease, withUnusedLease(record), deadline);
    return { type: "no_time" };
  }
  const result = await logIn(deps, candidate, timeoutMs);
  if (result.ok) return publish(deps, lease, result.token, deadline);
  const now = clock.now();
  const paused = withFailure(record, candidate.fingerprint, result.failure, now, settings);
  const hasSession = result.failure.failure.mayHaveTakenEffect;
  await giveBack(deps, lease, withoutLease(paused, hasSession, now), deadline);
  return { type: "failed", failure: result.failure };
}

function withFailure(
  record: TokenRecord,
  by: string,
  { failure: { kind, errorCode, retryAfterMs } }: RingCentralError,
  now: number,
  settings: TokenSettings,
): TokenRecord {
  if (kind === "auth") return withRejectedCredentials(record, by, errorCode, now, settings);
  if (kind === "rate_limited") return withRateLimit(record, retryAfterMs, now, settings);
  return withBackoff(record, retryAfterMs, now, settings);
}

/** Writes the token; the lease and the deadline limit the time for it. */
async function publish(
  deps: LeasedLoginDeps,
  { record, version, candidate, generation }: TokenLease,
  token: IssuedToken,
  deadline: Deadline,
): Promise<LeaseOutcome> {
  const { clock, accountKey, onEvent } = deps;
  const { contents, issuedAt } = token;
  const sealed = sealToken(contents, candidate.credentials, { accountKey, generation });
  const stored = { issuedAt, expiresAt: contents.expiresAt, sealed };
  const next = withToken(record, stored, generation, clock.now());
  const leaseLeftMs = (record.lease?.until ?? 0) - clock.now();
  try {
    const written = await write(deps, version, next, Math.min(leaseLeftMs, deadline.remainingMs()));
    if (written === undefined) {
      onEvent({ type: "fenced_off", fence: record.fence });
      return { type: "fenced_off" };
    }
    onEvent({ type: "login", generation, durationMs: clock.now() - issuedAt });
    return { type: "published", token };
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    onEvent({ type: "degraded", how: "token_not_stored" });
    return { type: "unpublished", token };
  }
}

/** Best effort: without it the lease ends by itself. */
async function giveBack(
  deps: LeasedLoginDeps,
  { version }: TokenLease,
  record: TokenRecord,
  deadline: Deadline,
): Promise<void> {
  try {
    await write(deps, version, record, deadline.remainingMs());
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
  }
}

/** Retries, but does not hold up the caller for longer: a write under way may still take effect. */
function write(
  { records, key, clock, settings }: LeasedLoginDeps,
  version: number,
  record: TokenRecord,
  withinMs: number,
): Promise<number | undefined> {
  const timeoutMs = Math.max(settings.tableTimeoutMs, Math.min(withinMs, settings.outcomeWriteMs));
  const store = retryingRecords(records, clock, deadlineIn(timeoutMs, clock, 0));
  const timeUp = () => new StorageUnavailable("the outcome of a login is not written in time");
  return withTimeout(store.compareAndSet(key, version, record), { clock, timeoutMs, timeUp, slices: 4 });
}
