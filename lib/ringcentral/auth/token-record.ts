import * as z from "zod/mini";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { RecordKey } from "../../storage/record-store.ts";
import type { RingCentralFailure } from "../api/errors.ts";
import { sealedToken } from "./sealed-token.ts";
import { settings } from "./token-settings.ts";

const storedToken = z.object({
  issuedAt: z.number(),
  expiresAt: z.number(),
  /** Of a user's session: the end of its refresh token. */
  refreshUntil: z.exactOptional(z.number()),
  sealed: sealedToken,
});

/** The record that the fleet shares of one account's token, or of one user's session. This module has pure functions of the record and the time only. */
const tokenRecord = z.object({
  /** Of the last stored token; 0 before the first. It only grows. */
  generation: z.number(),
  token: z.optional(storedToken),
  /** The generation that RingCentral rejected. */
  rejectedGeneration: z.optional(z.number()),
  /** Young tokens rejected in a row. */
  earlyRejections: z.number(),
  /** Fencing number of the last lease. */
  fence: z.number(),
  lease: z.optional(z.object({ owner: z.string(), fence: z.number(), until: z.number() })),
  /**
   * Sessions that logins may have opened since the stored token was: no token was stored after them. RingCentral keeps
   * five per user and app and ends the oldest. [docs: REF]
   */
  openSessions: z._default(z.number(), 0),
  /** For each recent token call the latest instant of its arrival at RingCentral, oldest first. */
  calls: z.array(z.number()),
  /** Credentials that RingCentral rejected, by fingerprint, oldest first. */
  rejectedCredentials: z.array(
    z.object({
      by: z.string(),
      count: z.number(),
      until: z.number(),
      errorCode: z.exactOptional(z.string()),
    }),
  ),
  /** Fingerprint of the credentials of the last successful login. */
  working: z.optional(z.string()),
  /** End of the pause after a 429 of the Auth group. */
  rateLimitedUntil: z.optional(z.number()),
  /** After logins without a usable response. */
  backoff: z.optional(z.object({ count: z.number(), until: z.number() })),
  /** When RingCentral was found to have ended the user's session. */
  endedAt: z.optional(z.number()),
  /** Names the sign-in that began the user's session. */
  began: z.optional(z.string()),
});
export type TokenRecord = z.infer<typeof tokenRecord>;

export const emptyRecord: TokenRecord = {
  generation: 0,
  earlyRejections: 0,
  fence: 0,
  openSessions: 0,
  calls: [],
  rejectedCredentials: [],
};

export const recordKey = (accountKey: string): RecordKey => ({
  partition: `token#${accountKey}`,
  sort: "token",
});

/** A record that does not parse counts as empty: the next login overwrites it. */
export function parseRecord(value: unknown): TokenRecord {
  const parsed = tokenRecord.safeParse(value);
  return parsed.success ? parsed.data : emptyRecord;
}

/** Why, and until when, no process may log in. `storage`: the outcome of earlier logins is not in the table. */
export interface LoginPause {
  until: number;
  reason: "rate_limited" | "auth" | "unavailable" | "storage";
  errorCode?: string;
}

/** The generation of the stored token, unless it is rejected or too near its end. */
export function usableGeneration(
  { token, generation, rejectedGeneration }: TokenRecord,
  now: number,
): number | undefined {
  if (token === undefined || rejectedGeneration === generation) return undefined;
  return token.expiresAt - now > settings.minValidityMs ? generation : undefined;
}

/** Whether RingCentral rejects the credentials: it has since the last token was issued, and that one serves no more. */
export function areCredentialsRejected(record: TokenRecord, now: number): boolean {
  const { rejectedCredentials, token } = record;
  const isNew = rejectedCredentials.some(({ until }) => until > (token?.issuedAt ?? 0));
  return isNew && usableGeneration(record, now) === undefined;
}

/**
 * The longest pause before a login with one of the candidates, `undefined` when it may go now.
 * @param candidates fingerprints worth trying; the shortest backoff among them counts
 * @param replacing the generation that RingCentral rejected, if that is the reason to log in
 */
export function loginPause(
  record: TokenRecord,
  candidates: readonly string[],
  replacing: number | undefined,
  now: number,
): LoginPause | undefined {
  const { rateLimitedUntil, backoff, token, calls, openSessions } = record;
  const pauses: LoginPause[] = [];
  if (rateLimitedUntil !== undefined) pauses.push({ until: rateLimitedUntil, reason: "rate_limited" });
  if (backoff) pauses.push({ until: backoff.until, reason: "unavailable" });
  // After a backoff the outcome is known, and it was RingCentral's.
  const isOutcomeLost = openSessions > 0 && backoff === undefined;
  const oldest = calls.at(-settings.callsPerWindow);
  if (oldest !== undefined) {
    const until = oldest + settings.windowMs + 2 * settings.maxSkewMs;
    pauses.push({ until, reason: isOutcomeLost ? "storage" : "rate_limited" });
  }
  if (isOutcomeLost && areSessionsSpent(record)) {
    const delayMs = repetitionDelay(openSessions + 3 - settings.spareSessions);
    pauses.push({ until: (calls.at(-1) ?? 0) + delayMs, reason: "storage" });
  }
  const rejection = shortestRejection(record, candidates);
  if (rejection !== undefined) {
    const { until, errorCode } = rejection;
    pauses.push(omitUndefined({ until, reason: "auth" as const, errorCode }));
  }
  if (replacing !== undefined) {
    const delayMs = repetitionDelay(earlyRejections(record, replacing, now));
    pauses.push({ until: (token?.issuedAt ?? 0) + delayMs, reason: "auth" });
  }
  return pauses.filter(({ until }) => until > now).sort((a, b) => b.until - a.until)[0];
}

/** `undefined` when one of the candidates is not rejected. */
function shortestRejection({ rejectedCredentials }: TokenRecord, candidates: readonly string[]) {
  const rejections = rejectedCredentials.filter(({ by }) => candidates.includes(by));
  if (rejections.length < candidates.length) return undefined;
  return rejections.sort((a, b) => a.until - b.until)[0];
}

function earlyRejections(record: TokenRecord, replacing: number, now: number): number {
  // A former lease for the same generation has counted this rejection already.
  if (record.rejectedGeneration === replacing) return record.earlyRejections;
  const isYoung = record.token !== undefined && now - record.token.issuedAt < settings.youngTokenMs;
  return isYoung ? record.earlyRejections + 1 : 1;
}

/** No delay before the third repetition, then doubling. */
function repetitionDelay(count: number): number {
  if (count < 3) return 0;
  return Math.min(settings.repetitionDelayMs * 2 ** (count - 3), settings.maxCredentialBackoffMs);
}

/** Whether one more login could end the stored token's session. */
export function areSessionsSpent({ openSessions }: TokenRecord): boolean {
  return openSessions >= settings.spareSessions;
}

/** `owner` takes the lease, and one more token call and session are logged as under way. */
export function withLease(
  record: TokenRecord,
  owner: string,
  replacing: number | undefined,
  now: number,
): TokenRecord {
  const [fence, until] = [record.fence + 1, now + settings.leaseMs];
  return {
    ...record,
    ...(replacing !== undefined && {
      rejectedGeneration: replacing,
      earlyRejections: earlyRejections(record, replacing, now),
    }),
    fence,
    lease: { owner, fence, until },
    openSessions: record.openSessions + 1,
    // A call may arrive as late as its lease ends; the true instant replaces this one after the call.
    calls: [...record.calls, until].slice(-settings.callsPerWindow),
  };
}

/** The token of a successful login. It ends the lease, the pauses, and the rejection of its own credentials. */
export function withToken(
  record: TokenRecord,
  token: z.infer<typeof storedToken>,
  generation: number,
  now: number,
): TokenRecord {
  const { rejectedGeneration: _r, rateLimitedUntil: _l, backoff: _b, endedAt: _e, ...rest } = record;
  const { by: working } = token.sealed;
  const rejectedCredentials = record.rejectedCredentials.filter(({ by }) => by !== working);
  return {
    ...withoutLease(rest, false, now),
    generation,
    token,
    working,
    openSessions: 0,
    rejectedCredentials,
  };
}

/** A failed login with the credentials `by` sets the pause before the next one. */
export function withFailure(
  record: TokenRecord,
  by: string,
  { kind, errorCode, retryAfterMs }: Pick<RingCentralFailure, "kind" | "errorCode" | "retryAfterMs">,
  now: number,
): TokenRecord {
  if (kind === "auth") return withRejectedCredentials(record, by, errorCode, now);
  if (kind === "rate_limited") {
    // No process calls before the end of the pause, by any clock: a call during the penalty restarts it. [docs: RATE]
    const pauseMs = retryAfterMs ?? settings.defaultRetryAfterMs;
    return { ...record, rateLimitedUntil: now + pauseMs + 2 * settings.maxSkewMs };
  }
  const count = (record.backoff?.count ?? 0) + 1;
  const backoffMs = Math.min(settings.loginBackoffMs * 2 ** (count - 1), settings.maxLoginBackoffMs);
  return { ...record, backoff: { count, until: now + Math.max(backoffMs, retryAfterMs ?? 0) } };
}

/**
 * RingCentral rejected these credentials. If they are the ones that worked last, RingCentral's side has changed:
 * earlier rejections of other credentials may be out of date, and each gets one more try.
 */
function withRejectedCredentials(
  { working, ...record }: TokenRecord,
  by: string,
  errorCode: string | undefined,
  now: number,
): TokenRecord {
  const before = record.rejectedCredentials.find((rejection) => rejection.by === by);
  const others = record.rejectedCredentials.filter((rejection) => rejection.by !== by);
  const isRepeated = before !== undefined && now - before.until < settings.maxCredentialBackoffMs;
  const count = (isRepeated ? before.count : 0) + 1;
  const { credentialBackoffMs, maxCredentialBackoffMs, maxSkewMs } = settings;
  const backoffMs = Math.min(credentialBackoffMs * 2 ** (count - 1), maxCredentialBackoffMs);
  const rejection = omitUndefined({ by, count, until: now + backoffMs + 2 * maxSkewMs, errorCode });
  if (working === by) return { ...record, rejectedCredentials: [rejection] };
  return { ...record, working, rejectedCredentials: [...others, rejection].slice(-4) };
}

/** The lease is given back after its call. @param hasSession whether the call may have opened a session */
export function withoutLease(
  { lease: _, ...record }: TokenRecord,
  hasSession: boolean,
  now: number,
): TokenRecord {
  // The last logged call is the one of the current lease; it has arrived by now.
  const calls = [...record.calls.slice(0, -1), Math.min(record.calls.at(-1) ?? now, now)];
  return { ...record, calls, openSessions: Math.max(0, record.openSessions - (hasSession ? 0 : 1)) };
}

/** The lease is given back before its call: neither call nor session is counted. */
export function withUnusedLease(record: TokenRecord): TokenRecord {
  return { ...withoutLease(record, false, 0), calls: record.calls.slice(0, -1) };
}
