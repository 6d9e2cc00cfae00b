import type { Clock } from "../../platform/clock.ts";
import { type Deadline, deadlineIn } from "../../platform/deadline.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordKey, RecordStore } from "../../storage/record-store.ts";
import { RingCentralError } from "../api/errors.ts";
import type { OnTokenEvent } from "./events.ts";
import type { HeldToken } from "./held-token.ts";
import type { KnownSecrets, NamedCredentials } from "./known-secrets.ts";
import type { TokenSettings } from "./limits.ts";
import type { OAuth, TokenGrant } from "./oauth.ts";
import { sealToken, type TokenContents } from "./sealed-token.ts";
import {
  parseRecord,
  type TokenRecord,
  withoutLease,
  withRateLimit,
  withRefusal,
  withToken,
  withTrouble,
  withUnusedLease,
} from "./token-record.ts";

export interface LeaseLoginParts {
  records: RecordStore;
  key: RecordKey;
  accountKey: string;
  oauth: Pick<OAuth, "login">;
  secrets: KnownSecrets;
  held: HeldToken;
  clock: Clock;
  limits: TokenSettings;
  onEvent: OnTokenEvent;
}

/** The lease as it was won: the record that grants it, and the version only its holder knows how to follow. */
export interface HeldLease {
  record: TokenRecord;
  version: number;
  candidate: NamedCredentials;
}

export interface NewToken {
  contents: TokenContents;
  issuedAt: number;
  credentials: NamedCredentials;
}

export type LeaseOutcome =
  /** In the table, for everybody. */
  | { status: "stored"; token: NewToken; generation: number }
  /** Good, but the table could not be told. */
  | { status: "unstored"; token: NewToken }
  /** Somebody else has the lease by now; whatever this one got is dropped. */
  | { status: "fenced" }
  /** The record says until when nobody tries again. */
  | { status: "failed"; failure: RingCentralError }
  /** Too little time left to begin. */
  | { status: "no_time" };

/**
 * What the holder of the lease does: log in once (the call is written down with the lease) and leave either the
 * token or a cool-down in the record. Its write is conditional on the version that gave it the lease, so a holder
 * that was overtaken changes nothing any more.
 */
export function createLeaseLogin(parts: LeaseLoginParts) {
  const { records, key, accountKey, oauth, secrets, held, clock, limits, onEvent } = parts;

  /** @param reserveMs what must be left of the deadline when the call ends */
  async function login(lease: HeldLease, deadline: Deadline, reserveMs: number): Promise<LeaseOutcome> {
    const { record, version, candidate } = lease;
    const sentAt = clock.now();
    const leaseLeftMs = (record.lease?.until ?? 0) - limits.leaseReserveMs - sentAt;
    const loginMs = Math.min(limits.loginTimeoutMs, leaseLeftMs, deadline.remainingMs() - reserveMs);
    if (loginMs < limits.minLoginMs) {
      await giveBack(withUnusedLease(record), version);
      return { status: "no_time" };
    }
    const answer = await attempt(candidate, loginMs);
    if (answer.ok) {
      const token = { contents: answer.contents, issuedAt: sentAt, credentials: candidate };
      return store(token, record, version, deadline);
    }
    const { failure } = answer;
    const now = clock.now();
    await giveBack(withoutLease(withFailure(record, candidate.by, failure, now), now), version);
    // The secret is read again at once; whatever else it offers is tried under the next lease.
    if (failure.failure.kind === "auth") await secrets.reread(deadline, true);
    return { status: "failed", failure };
  }

  function withFailure(
    record: TokenRecord,
    by: string,
    { failure }: RingCentralError,
    now: number,
  ): TokenRecord {
    const { kind, errorCode, retryAfterMs } = failure;
    if (kind === "auth") return withRefusal(record, by, errorCode, now, limits);
    if (kind === "rate_limited") return withRateLimit(record, retryAfterMs, now, limits);
    return withTrouble(record, retryAfterMs, now, limits);
  }

  type Answer = { ok: true; contents: TokenContents } | { ok: false; failure: RingCentralError };

  async function attempt({ credentials }: NamedCredentials, loginMs: number): Promise<Answer> {
    const began = clock.now();
    try {
      const grant = await oauth.login(credentials, deadlineIn(loginMs, clock, 0));
      return { ok: true, contents: contentsOf(grant, credentials.server, began) };
    } catch (cause) {
      const failure = asRingCentralError(cause);
      const { kind, errorCode } = failure.failure;
      onEvent({
        type: "login_failed",
        kind,
        ...(errorCode !== undefined && { errorCode }),
        durationMs: clock.now() - began,
      });
      return { ok: false, failure };
    }
  }

  async function store(
    token: NewToken,
    record: TokenRecord,
    version: number,
    deadline: Deadline,
  ): Promise<LeaseOutcome> {
    const generation = held.nextGeneration(record.generation);
    const { contents, issuedAt, credentials } = token;
    const sealed = sealToken(contents, credentials.credentials, { accountKey, generation });
    const stored = { issuedAt, expiresAt: contents.expiresAt, sealed };
    const next = withToken(record, stored, generation, clock.now());
    const leaseEnd = record.lease?.until ?? 0;
    for (let retryMs = 100; ; retryMs *= 2) {
      try {
        const written = await records.compareAndSet(key, version, next);
        // An attempt whose answer was lost may be what the condition failed on.
        const isOurs = written !== undefined || (await storedText()) === sealed.text;
        if (!isOurs) {
          onEvent({ type: "fenced_off", fence: record.fence });
          return { status: "fenced" };
        }
        onEvent({ type: "login", generation, durationMs: clock.now() - issuedAt });
        return { status: "stored", token, generation };
      } catch (error) {
        if (!(error instanceof StorageUnavailable)) throw error;
        if (clock.now() + retryMs >= leaseEnd || deadline.remainingMs() < retryMs) {
          onEvent({ type: "degraded", how: "token_not_stored" });
          return { status: "unstored", token };
        }
        await clock.sleep(retryMs);
      }
    }
  }

  async function storedText(): Promise<string | undefined> {
    return parseRecord((await records.read(key))?.value).token?.sealed.text;
  }

  /** Best effort, tried twice: when it fails, the lease runs out by itself. */
  async function giveBack(record: TokenRecord, version: number): Promise<void> {
    for (let attempts = 1; attempts <= 2; attempts++) {
      try {
        await records.compareAndSet(key, version, record);
        return;
      } catch (error) {
        if (!(error instanceof StorageUnavailable)) throw error;
      }
    }
  }

  return { login, attempt };
}

function contentsOf(grant: TokenGrant, server: string, sentAt: number): TokenContents {
  return {
    value: grant.accessToken,
    // From the sending, not the answer: RingCentral cannot have started counting earlier.
    expiresAt: sentAt + grant.expiresInSeconds * 1_000,
    server,
    ...(grant.ownerId !== undefined && { ownerId: grant.ownerId }),
    ...(grant.scope !== undefined && { scope: grant.scope }),
  };
}

function asRingCentralError(cause: unknown): RingCentralError {
  if (cause instanceof RingCentralError) return cause;
  return new RingCentralError({ kind: "broken", operation: "login", mayHaveTakenEffect: false, cause });
}
