import type { Clock } from "../../platform/clock.ts";
import { type Deadline, deadlineIn } from "../../platform/deadline.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { WaitLimit } from "../../platform/wait-limit.ts";
import { withTimeout } from "../../platform/with-timeout.ts";
import type { CircuitBreaker } from "../../storage/circuit-breaker.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { retryingRecords } from "../../storage/retrying-records.ts";
import { RingCentralError } from "../api/errors.ts";
import type { CachedToken, IssuedToken } from "./cached-token.ts";
import type { Candidate } from "./credential-candidates.ts";
import { type Delay, nextPoll } from "./next-action.ts";
import type { TokenGrant } from "./oauth.ts";
import type { AccessToken, TokenCall, TokenCallOutcome, TokenCalls, TokenEvent } from "./ports.ts";
import { keptUntil, withoutSession } from "./session-record.ts";
import { readTokenCallOutcome } from "./token-calls.ts";
import type { TokenKind } from "./token-kind.ts";
import { type TokenRecord, withFailure, withoutLease, withToken, withUnusedLease } from "./token-record.ts";
import { settings } from "./token-settings.ts";

/** How long giving back what no login has used may hold up a request that has waited enough for the table. */
const RELEASING_MS = 300;

/** What all steps of one process share. */
export interface TokenDeps {
  records: RecordStore;
  kind: TokenKind;
  table: CircuitBreaker;
  /** The limit that all tokens of the app share. Absent: only the record's own. */
  tokenCalls?: TokenCalls;
  clock: Clock;
  /** Different for every process, also for two in succession: it owns leases. */
  instanceId: string;
  cached: CachedToken;
  onEvent: (event: TokenEvent) => void;
}

/** A lease that this process has taken. */
export interface TokenLease {
  /** The record that grants the lease, and its version. Every later write is conditional on that version. */
  record: TokenRecord;
  version: number;
  candidate: Candidate;
  refreshToken: string | undefined;
  /** The generation of the token that this lease may publish. */
  generation: number;
}

/** The token of a login, or what the process does without one. */
export type LoginResult =
  | { type: "token"; token: AccessToken }
  /** The table did not take a session's new tokens, so they may not be used yet. */
  | { type: "unstored"; token: IssuedToken }
  /** RingCentral has ended the session. */
  | { type: "sign_in" }
  | (Delay & { failure?: RingCentralError });

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
  tableWait: WaitLimit,
): Promise<LoginResult> {
  const { clock, kind } = deps;
  const { record, candidate, refreshToken } = lease;
  const permit = await permitFor(deps, tableWait);
  if (permit instanceof RingCentralError) return withoutPermit(deps, lease, permit, deadline, tableWait);
  const sentAt = clock.now();
  const leaseLeftMs = (record.lease?.until ?? 0) - settings.leaseReserveMs - sentAt;
  const callLeftMs = Math.min(settings.loginTimeoutMs, leaseLeftMs, permit?.leftMs() ?? leaseLeftMs);
  const timeoutMs = Math.min(callLeftMs, deadline.remainingMs() - reserveMs);
  if (timeoutMs < settings.minLoginMs) {
    const free = write(deps, lease, withUnusedLease(record), deadline.remainingMs());
    await released(Promise.all([permit?.unused(), free]), tableWait);
    return nextPoll(clock.now());
  }
  let outcome: TokenCallOutcome | undefined;
  const until = deadlineIn(timeoutMs, clock, 0);
  const grant = await kind
    .request(candidate, refreshToken, until, (response) => {
      outcome = readTokenCallOutcome(response, clock.now());
    })
    .catch(asRingCentralError);
  const settled = permit && inTime(deps, permit.ended(outcome), settings.tableTimeoutMs).catch(() => {});
  const result =
    grant instanceof RingCentralError
      ? await recordFailure(deps, lease, grant, sentAt, deadline)
      : await tableWait.watch(publish(deps, lease, issuedToken(grant, lease, sentAt), deadline));
  await settled;
  return result;
}

/** What is not released in this time ends by itself. */
async function released(releasing: Promise<unknown>, tableWait: WaitLimit): Promise<void> {
  try {
    await tableWait.limit(() => releasing, { leastMs: RELEASING_MS });
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
  }
}

/** Waits for no other: the lease is short. A permit that comes too late is given back. */
async function permitFor({ tokenCalls, kind, cached, table, clock }: TokenDeps, tableWait: WaitLimit) {
  if (tokenCalls === undefined) return undefined;
  const need = cached.usable() === undefined ? "request" : "renewal";
  const noWait = deadlineIn(settings.tableTimeoutMs, clock, 0);
  let taking: Promise<TokenCall | RingCentralError> | undefined;
  const take = () => {
    taking = tokenCalls.take(need, noWait, kind.key.partition).catch((error) => {
      if (error instanceof RingCentralError) return error;
      throw error;
    });
    return taking;
  };
  try {
    return await tableWait.limit(() => table.call(take));
  } catch (error) {
    taking?.then((late) => ("unused" in late ? late.unused() : undefined)).catch(() => {});
    throw error;
  }
}

/** The app's limit is used up: the fleet is told when it may ask again. */
async function withoutPermit(
  deps: TokenDeps,
  lease: TokenLease,
  rejected: RingCentralError,
  deadline: Deadline,
  tableWait: WaitLimit,
): Promise<LoginResult> {
  const now = deps.clock.now();
  const until = now + (rejected.failure.retryAfterMs ?? settings.defaultRetryAfterMs);
  const free = withUnusedLease(lease.record);
  const isRenewal = deps.cached.usable() !== undefined;
  const next = isRenewal ? free : { ...free, rateLimitedUntil: until };
  await released(write(deps, lease, next, deadline.remainingMs()), tableWait);
  return { type: "wait", pause: { until, reason: "rate_limited" } };
}

async function recordFailure(
  deps: TokenDeps,
  lease: TokenLease,
  error: RingCentralError,
  sentAt: number,
  deadline: Deadline,
): Promise<LoginResult> {
  const { clock, kind, onEvent } = deps;
  const { record, candidate } = lease;
  const { failure } = error;
  const now = clock.now();
  const { kind: reason, errorCode } = failure;
  const durationMs = now - sentAt;
  if (kind.isSession && failure.oauthError === "invalid_grant") {
    onEvent(omitUndefined({ type: "session_ended" as const, errorCode, durationMs }));
    const written = await write(deps, lease, withoutSession(record, now), deadline.remainingMs());
    // Another process has stored newer tokens or a new session.
    return written === "overtaken" ? nextPoll(clock.now()) : { type: "sign_in" };
  }
  onEvent(omitUndefined({ type: "login_failed" as const, kind: reason, errorCode, durationMs }));
  const paused = withFailure(record, candidate.fingerprint, failure, now);
  // Best effort: without it the lease ends by itself.
  await write(deps, lease, withoutLease(paused, failure.mayHaveTakenEffect, now), deadline.remainingMs());
  // The other versions of the secret are tried under the next lease.
  if (reason === "auth") await kind.candidates.reread(deadline, true);
  return { ...nextPoll(clock.now()), failure: error };
}

function issuedToken(grant: TokenGrant, lease: TokenLease, sentAt: number): IssuedToken {
  const { accessToken: value, expiresInSeconds, ownerId, scope, refreshExpiresInSeconds } = grant;
  const { server } = lease.candidate.credentials;
  // The life counts from the sending: RingCentral cannot have started it earlier.
  const expiresAt = sentAt + expiresInSeconds * 1_000;
  if (lease.refreshToken === undefined) {
    return { contents: omitUndefined({ value, expiresAt, server, ownerId, scope }), issuedAt: sentAt };
  }
  const { refreshToken = lease.refreshToken } = grant;
  const refreshUntil = sentAt + (refreshExpiresInSeconds ?? settings.refreshLifeSeconds) * 1_000;
  const contents = omitUndefined({ value, expiresAt, server, ownerId, scope, refreshToken });
  return { contents, issuedAt: sentAt, refreshUntil };
}

function asRingCentralError(cause: unknown): RingCentralError {
  if (cause instanceof RingCentralError) return cause;
  return new RingCentralError({ kind: "bad_response", operation: "login", mayHaveTakenEffect: false, cause });
}

/** Writes the token; the lease and the deadline limit the time for it. */
export async function publish(
  deps: TokenDeps,
  lease: TokenLease,
  token: IssuedToken,
  deadline: Deadline,
): Promise<LoginResult> {
  const { clock, kind, cached, onEvent } = deps;
  const { record, candidate, generation } = lease;
  const { contents, issuedAt, refreshUntil } = token;
  const sealed = kind.seal(contents, candidate, generation);
  const stored = omitUndefined({ issuedAt, expiresAt: contents.expiresAt, refreshUntil, sealed });
  const next = withToken(record, stored, generation, clock.now());
  const leaseLeftMs = (record.lease?.until ?? 0) - clock.now();
  switch (await write(deps, lease, next, Math.min(leaseLeftMs, deadline.remainingMs()))) {
    case "written":
      onEvent({ type: "login", generation, durationMs: clock.now() - issuedAt });
      return { type: "token", token: cached.keep(token, generation) };
    case "overtaken":
      onEvent({ type: "fenced_off", fence: record.fence });
      return nextPoll(clock.now());
    case "failed":
      if (kind.isSession) return { type: "unstored", token };
      onEvent({ type: "degraded", how: "token_not_stored" });
      return { type: "token", token: cached.keepUnpublished(token) };
  }
}

/** Retries, but does not hold up the caller for longer: a write under way may still take effect. */
async function write(
  { records, kind: { key }, clock }: TokenDeps,
  { version }: TokenLease,
  record: TokenRecord,
  withinMs: number,
): Promise<"written" | "overtaken" | "failed"> {
  const timeoutMs = Math.max(settings.tableTimeoutMs, Math.min(withinMs, settings.outcomeWriteMs));
  const store = retryingRecords(records, clock, deadlineIn(timeoutMs, clock, 0));
  try {
    const writing = store.compareAndSet(key, version, record, keptUntil(record, clock.now()));
    const written = await inTime({ clock }, writing, timeoutMs);
    return written === undefined ? "overtaken" : "written";
  } catch (error) {
    if (error instanceof StorageUnavailable) return "failed";
    throw error;
  }
}

function inTime<Result>({ clock }: Pick<TokenDeps, "clock">, writing: Promise<Result>, timeoutMs: number) {
  const timeUp = () => new StorageUnavailable("the outcome of a login is not written in time");
  return withTimeout(writing, { clock, timeoutMs, timeUp });
}
