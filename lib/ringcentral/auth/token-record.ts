import * as z from "zod/mini";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { RecordKey } from "../../storage/record-store.ts";
import { sealedToken } from "./sealed-token.ts";
import type { TokenSettings } from "./token-settings.ts";

/** The record that the fleet of one account shares. This module has pure functions of the record and the time only. */
const tokenRecord = z.object({
  /** Of the last stored token; 0 before the first. It only grows. */
  generation: z.number(),
  token: z.optional(z.object({ issuedAt: z.number(), expiresAt: z.number(), sealed: sealedToken })),
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
  openSessions: z.optional(z.number()),
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
});
export type TokenRecord = z.infer<typeof tokenRecord>;

type StoredToken = NonNullable<TokenRecord["token"]>;

export const emptyRecord: TokenRecord = {
  generation: 0,
  earlyRejections: 0,
  fence: 0,
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
  settings: TokenSettings,
): number | undefined {
  if (token === undefined || rejectedGeneration === generation) return undefined;
  return token.expiresAt - now > settings.minValidityMs ? generation : undefined;
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
  settings: TokenSettings,
): LoginPause | undefined {
  const { rateLimitedUntil, backoff, token, openSessions = 0 } = record;
  const pauses: LoginPause[] = [];
  if (rateLimitedUntil !== undefined) pauses.push({ until: rateLimitedUntil, reason: "rate_limited" });
  if (backoff) pauses.push({ until: backoff.until, reason: "unavailable" });
  // After a backoff the outcome is known, and it was RingCentral's.
  const isOutcomeLost = openSessions > 0 && backoff === undefined;
  const budget = budgetFreeAt(record, settings);
  if (budget !== undefined)
    pauses.push({ until: budget, reason: isOutcomeLost ? "storage" : "rate_limited" });
  if (isOutcomeLost && openSessions >= settings.spareSessions) {
    const delayMs = repetitionDelay(openSessions + 3 - settings.spareSessions, settings);
    pauses.push({ until: (record.calls.at(-1) ?? 0) + delayMs, reason: "storage" });
  }
  const rejection = shortestRejection(record, candidates);
  if (rejection !== undefined) {
    const { until, errorCode } = rejection;
    pauses.push(omitUndefined({ until, reason: "auth" as const, errorCode }));
  }
  if (replacing !== undefined) {
    const count = earlyRejections(record, replacing, now, settings);
    pauses.push({ until: (token?.issuedAt ?? 0) + repetitionDelay(count, settings), reason: "auth" });
  }
  return pauses.filter(({ until }) => until > now).sort((a, b) => b.until - a.until)[0];
}

/** `undefined` when one of the candidates is not rejected. */
function shortestRejection({ rejectedCredentials }: TokenRecord, candidates: readonly string[]) {
  const rejections = rejectedCredentials.filter(({ by }) => candidates.includes(by));
  if (rejections.length < candidates.length) return undefined;
  return rejections.sort((a, b) => a.until - b.until)[0];
}

/** When the fleet's budget admits the next token call. Two clocks may differ by 2 x skew. */
function budgetFreeAt({ calls }: TokenRecord, settings: TokenSettings): number | undefined {
  const oldest = calls.at(-settings.callsPerWindow);
  return oldest === undefined ? undefined : oldest + settings.windowMs + 2 * settings.maxSkewMs;
}

function earlyRejections(
  record: TokenRecord,
  replacing: number,
  now: number,
  settings: TokenSettings,
): number {
  // A former lease for the same generation has counted this rejection already.
  if (record.rejectedGeneration === replacing) return record.earlyRejections;
  const isYoung = record.token !== undefined && now - record.token.issuedAt < settings.youngTokenMs;
  return isYoung ? record.earlyRejections + 1 : 1;
}

/** No delay before the third repetition, then doubling. */
function repetitionDelay(count: number, settings: TokenSettings): number {
  if (count < 3) return 0;
  return Math.min(settings.repetitionDelayMs * 2 ** (count - 3), settings.maxCredentialBackoffMs);
}

/** Whether one more login could end the stored token's session. */
export function areSessionsSpent({ openSessions = 0 }: TokenRecord, settings: TokenSettings): boolean {
  return openSessions >= settings.spareSessions;
}

/** `owner` takes the lease, and one more token call and session are logged as under way. */
export function withLease(
  record: TokenRecord,
  owner: string,
  replacing: number | undefined,
  now: number,
  settings: TokenSettings,
): TokenRecord {
  const { generation, rejectedGeneration, ...rest } = record;
  const until = now + settings.leaseMs;
  const isDead = replacing === generation || rejectedGeneration === generation;
  return {
    ...rest,
    generation,
    ...(isDead && { rejectedGeneration: generation }),
    earlyRejections:
      replacing === undefined ? record.earlyRejections : earlyRejections(record, replacing, now, settings),
    fence: record.fence + 1,
    lease: { owner, fence: record.fence + 1, until },
    openSessions: (record.openSessions ?? 0) + 1,
    // A call may arrive as late as its lease ends; the true instant replaces this one after the call.
    calls: [...record.calls, until].slice(-settings.callsPerWindow),
  };
}

/** The token of a successful login. It ends the lease, the pauses, and the rejection of its own credentials. */
export function withToken(
  record: TokenRecord,
  token: StoredToken,
  generation: number,
  now: number,
): TokenRecord {
  const { lease: _, rejectedGeneration: _r, rateLimitedUntil: _l, backoff: _b, ...rest } = record;
  const { by } = token.sealed;
  return {
    ...rest,
    generation,
    token,
    working: by,
    openSessions: 0,
    rejectedCredentials: record.rejectedCredentials.filter((rejection) => rejection.by !== by),
    calls: endedCalls(record.calls, now),
  };
}

/**
 * RingCentral rejected these credentials. If they are the ones that worked last, RingCentral's side has changed:
 * earlier rejections of other credentials may be out of date, and each gets one more try.
 */
export function withRejectedCredentials(
  record: TokenRecord,
  by: string,
  errorCode: string | undefined,
  now: number,
  settings: TokenSettings,
): TokenRecord {
  const { working, ...rest } = record;
  const before = record.rejectedCredentials.find((rejection) => rejection.by === by);
  const others = working === by ? [] : record.rejectedCredentials.filter((rejection) => rejection.by !== by);
  const isRepeated = before !== undefined && now - before.until < settings.maxCredentialBackoffMs;
  const count = (isRepeated ? before.count : 0) + 1;
  const backoffMs = Math.min(
    settings.credentialBackoffMs * 2 ** (count - 1),
    settings.maxCredentialBackoffMs,
  );
  const until = now + backoffMs + 2 * settings.maxSkewMs;
  return {
    ...rest,
    ...(working !== undefined && working !== by && { working }),
    rejectedCredentials: [...others, omitUndefined({ by, count, until, errorCode })].slice(-4),
  };
}

/** No process calls before the end of a 429's pause, by any clock: a call during the penalty restarts it. [docs: RATE] */
export function withRateLimit(
  record: TokenRecord,
  retryAfterMs: number | undefined,
  now: number,
  settings: TokenSettings,
): TokenRecord {
  const pauseMs = retryAfterMs ?? settings.defaultRetryAfterMs;
  return { ...record, rateLimitedUntil: now + pauseMs + 2 * settings.maxSkewMs };
}

/** The login had no usable response. */
export function withBackoff(
  record: TokenRecord,
  retryAfterMs: number | undefined,
  now: number,
  settings: TokenSettings,
): TokenRecord {
  const count = (record.backoff?.count ?? 0) + 1;
  const backoffMs = Math.min(settings.loginBackoffMs * 2 ** (count - 1), settings.maxLoginBackoffMs);
  return { ...record, backoff: { count, until: now + Math.max(backoffMs, retryAfterMs ?? 0) } };
}

/** The lease is given back after its call. @param hasSession whether the call may have opened a session */
export function withoutLease(record: TokenRecord, hasSession: boolean, now: number): TokenRecord {
  const { lease: _, ...rest } = hasSession ? record : withoutSession(record);
  return { ...rest, calls: endedCalls(record.calls, now) };
}

/** The lease is given back before its call: neither call nor session is counted. */
export function withUnusedLease(record: TokenRecord): TokenRecord {
  const { lease: _, ...rest } = withoutSession(record);
  return { ...rest, calls: record.calls.slice(0, -1) };
}

function withoutSession(record: TokenRecord): TokenRecord {
  return { ...record, openSessions: Math.max(0, (record.openSessions ?? 0) - 1) };
}

/** The last logged call is the one of the current lease; it has arrived by now. */
function endedCalls(calls: readonly number[], now: number): number[] {
  const last = calls.at(-1);
  return last === undefined ? [] : [...calls.slice(0, -1), Math.min(last, now)];
}
