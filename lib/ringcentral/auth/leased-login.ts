import type { Clock } from "../../platform/clock.ts";
import { type Deadline, deadlineIn } from "../../platform/deadline.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { withTimeout } from "../../platform/with-timeout.ts";
import type { CircuitBreaker } from "../../storage/circuit-breaker.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordKey, RecordStore } from "../../storage/record-store.ts";
import { retryingRecords } from "../../storage/retrying-records.ts";
import { RingCentralError } from "../api/errors.ts";
import type { CachedToken, IssuedToken } from "./cached-token.ts";
import type { Candidate, CredentialCandidates } from "./credential-candidates.ts";
import { type Delay, nextPoll } from "./next-action.ts";
import type { OAuth, TokenGrant } from "./oauth.ts";
import type { AccessToken, TokenEvent } from "./ports.ts";
import { sealToken } from "./sealed-token.ts";
import { type TokenRecord, withFailure, withoutLease, withToken, withUnusedLease } from "./token-record.ts";
import { settings } from "./token-settings.ts";

/** What all steps of one process share. */
export interface TokenDeps {
  records: RecordStore;
  key: RecordKey;
  table: CircuitBreaker;
  oauth: Pick<OAuth, "login">;
  clock: Clock;
  /** Identifies the RingCentral account (or its secret); one record each. */
  accountKey: string;
  /** Different for every process, also for two in succession: it owns leases. */
  instanceId: string;
  cached: CachedToken;
  candidates: CredentialCandidates;
  onEvent: (event: TokenEvent) => void;
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

/** The token of a login, or what the process does without one. */
export type LoginResult = { type: "token"; token: AccessToken } | (Delay & { failure?: RingCentralError });

/**
 * Logs in once under the lease and writes either the token or a pause. The call is already logged in the record. A
 * holder that was overtaken writes nothing: the version has changed.
 * @param reserveMs what must be left of the deadline after the call
 */
export async function loginUnderLease(
  deps: TokenDeps,
  lease: TokenLease,
  deadline: Deadline,
  reserveMs: number,
): Promise<LoginResult> {
  const { oauth, clock, candidates, onEvent } = deps;
  const { record, candidate } = lease;
  const sentAt = clock.now();
  const leaseLeftMs = (record.lease?.until ?? 0) - settings.leaseReserveMs - sentAt;
  const timeoutMs = Math.min(settings.loginTimeoutMs, leaseLeftMs, deadline.remainingMs() - reserveMs);
  if (timeoutMs < settings.minLoginMs) {
    await write(deps, lease, withUnusedLease(record), deadline.remainingMs());
    return nextPoll(clock.now());
  }
  const { credentials, fingerprint } = candidate;
  const grant = await oauth.login(credentials, deadlineIn(timeoutMs, clock, 0)).catch(asRingCentralError);
  if (!(grant instanceof RingCentralError)) {
    return publish(deps, lease, issuedToken(grant, credentials.server, sentAt), deadline);
  }
  const { failure } = grant;
  const now = clock.now();
  const { kind, errorCode } = failure;
  onEvent(omitUndefined({ type: "login_failed" as const, kind, errorCode, durationMs: now - sentAt }));
  const paused = withFailure(record, fingerprint, failure, now);
  // Best effort: without it the lease ends by itself.
  await write(deps, lease, withoutLease(paused, failure.mayHaveTakenEffect, now), deadline.remainingMs());
  // The other versions of the secret are tried under the next lease.
  if (kind === "auth") await candidates.reread(deadline, true);
  return { ...nextPoll(clock.now()), failure: grant };
}

function issuedToken(grant: TokenGrant, server: string, sentAt: number): IssuedToken {
  const { accessToken: value, expiresInSeconds, ownerId, scope } = grant;
  // The life counts from the sending: RingCentral cannot have started it earlier.
  const expiresAt = sentAt + expiresInSeconds * 1_000;
  return { contents: omitUndefined({ value, expiresAt, server, ownerId, scope }), issuedAt: sentAt };
}

function asRingCentralError(cause: unknown): RingCentralError {
  if (cause instanceof RingCentralError) return cause;
  return new RingCentralError({ kind: "bad_response", operation: "login", mayHaveTakenEffect: false, cause });
}

/** Writes the token; the lease and the deadline limit the time for it. */
async function publish(
  deps: TokenDeps,
  lease: TokenLease,
  token: IssuedToken,
  deadline: Deadline,
): Promise<LoginResult> {
  const { clock, accountKey, cached, onEvent } = deps;
  const { record, candidate, generation } = lease;
  const { contents, issuedAt } = token;
  const sealed = sealToken(contents, candidate.credentials, { accountKey, generation });
  const next = withToken(
    record,
    { issuedAt, expiresAt: contents.expiresAt, sealed },
    generation,
    clock.now(),
  );
  const leaseLeftMs = (record.lease?.until ?? 0) - clock.now();
  switch (await write(deps, lease, next, Math.min(leaseLeftMs, deadline.remainingMs()))) {
    case "written":
      onEvent({ type: "login", generation, durationMs: clock.now() - issuedAt });
      return { type: "token", token: cached.keep(token, generation) };
    case "overtaken":
      onEvent({ type: "fenced_off", fence: record.fence });
      return nextPoll(clock.now());
    case "failed":
      onEvent({ type: "degraded", how: "token_not_stored" });
      return { type: "token", token: cached.keepUnpublished(token) };
  }
}

/** Retries, but does not hold up the caller for longer: a write under way may still take effect. */
async function write(
  { records, key, clock }: TokenDeps,
  { version }: TokenLease,
  record: TokenRecord,
  withinMs: number,
): Promise<"written" | "overtaken" | "failed"> {
  const timeoutMs = Math.max(settings.tableTimeoutMs, Math.min(withinMs, settings.outcomeWriteMs));
  const store = retryingRecords(records, clock, deadlineIn(timeoutMs, clock, 0));
  const timeUp = () => new StorageUnavailable("the outcome of a login is not written in time");
  try {
    const writing = store.compareAndSet(key, version, record);
    const written = await withTimeout(writing, { clock, timeoutMs, timeUp });
    return written === undefined ? "overtaken" : "written";
  } catch (error) {
    if (error instanceof StorageUnavailable) return "failed";
    throw error;
  }
}
