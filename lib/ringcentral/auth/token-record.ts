import * as z from "zod/mini";
import type { RecordKey } from "../../storage/record-store.ts";
import type { TokenSettings } from "./limits.ts";
import { sealedToken } from "./sealed-token.ts";

/**
 * The one record an account's fleet agrees on, and what may be concluded from it. Everything here is a pure
 * function of the record and the time; who writes it when is in `fleet-token-source.ts`.
 */
const tokenRecord = z.object({
  /** Of the last token stored; 0 before the first. Only ever grows. */
  generation: z.number(),
  token: z.optional(z.object({ issuedAt: z.number(), expiresAt: z.number(), sealed: sealedToken })),
  /** The generation RingCentral refused as dead. */
  rejected: z.optional(z.number()),
  /** How many young tokens in a row were refused. */
  streak: z.number(),
  /** Fencing number of the last lease ever given. */
  fence: z.number(),
  lease: z.optional(z.object({ owner: z.string(), fence: z.number(), until: z.number() })),
  /** For each recent token call the instant by which it surely arrived at RingCentral, oldest first. */
  calls: z.array(z.number()),
  /** Credentials RingCentral refused, by fingerprint, oldest first. */
  refused: z.array(
    z.object({
      by: z.string(),
      count: z.number(),
      until: z.number(),
      errorCode: z.optional(z.string()),
    }),
  ),
  /** Fingerprint of the credentials that logged in last. */
  working: z.optional(z.string()),
  /** After a 429 of the Auth group: closed for everyone. */
  limitedUntil: z.optional(z.number()),
  /** After logins that got no proper answer. */
  trouble: z.optional(z.object({ count: z.number(), until: z.number() })),
});
export type TokenRecord = z.infer<typeof tokenRecord>;

export const emptyRecord: TokenRecord = {
  generation: 0,
  streak: 0,
  fence: 0,
  calls: [],
  refused: [],
};

export const recordKey = (accountKey: string): RecordKey => ({
  partition: `token#${accountKey}`,
  sort: "token",
});

/** A record that does not parse counts as none: it is written over, at the price of one login. */
export function parseRecord(value: unknown): TokenRecord {
  const parsed = tokenRecord.safeParse(value);
  return parsed.success ? parsed.data : emptyRecord;
}

export type GateReason = "rate_limited" | "auth" | "unavailable";

/** Why, and until when, nobody may log in. */
export interface Gate {
  until: number;
  reason: GateReason;
  errorCode?: string;
}

/** The generation whose token may be used, `ahead` of its end; `undefined` when there is none. */
export function usableGeneration(
  record: TokenRecord,
  now: number,
  limits: TokenSettings,
): number | undefined {
  const { token, generation, rejected } = record;
  if (token === undefined || rejected === generation) return undefined;
  return token.expiresAt - now > limits.minValidityMs ? generation : undefined;
}

/**
 * The gate that holds back a login with the given credentials, or `undefined` when it may go now.
 * @param candidates fingerprints worth trying; the gate of refused ones opens with the first of them
 * @param replacing the generation that failed, when that is why
 */
export function closedGate(
  record: TokenRecord,
  candidates: readonly string[],
  replacing: number | undefined,
  now: number,
  limits: TokenSettings,
): Gate | undefined {
  const gates: Gate[] = [];
  if (record.limitedUntil !== undefined) gates.push({ until: record.limitedUntil, reason: "rate_limited" });
  if (record.trouble) gates.push({ until: record.trouble.until, reason: "unavailable" });
  const budget = budgetOpensAt(record, limits);
  if (budget !== undefined) gates.push({ until: budget, reason: "rate_limited" });

  const refusals = candidates.map((by) => record.refused.find((refusal) => refusal.by === by));
  const first = refusals.reduce((a, b) => ((a?.until ?? 0) <= (b?.until ?? 0) ? a : b), refusals[0]);
  if (first !== undefined) {
    const { until, errorCode } = first;
    gates.push({ until, reason: "auth", ...(errorCode !== undefined && { errorCode }) });
  }
  if (replacing !== undefined) {
    const until =
      (record.token?.issuedAt ?? 0) + streakDelay(streakAfter(record, replacing, now, limits), limits);
    gates.push({ until, reason: "auth" });
  }
  const closed = gates.filter((gate) => gate.until > now).sort((a, b) => b.until - a.until);
  return closed[0];
}

/** When the next token call fits into the fleet's budget again. Two clocks may differ by 2 x skew. */
function budgetOpensAt({ calls }: TokenRecord, limits: TokenSettings): number | undefined {
  const oldest = calls.at(-limits.callsPerWindow);
  return oldest === undefined ? undefined : oldest + limits.windowMs + 2 * limits.maxSkewMs;
}

function streakAfter(record: TokenRecord, replacing: number, now: number, limits: TokenSettings): number {
  // The refusal is already counted when a lease was taken for it and came to nothing.
  if (record.rejected === replacing) return record.streak;
  const young = record.token !== undefined && now - record.token.issuedAt < limits.youngTokenMs;
  return young ? record.streak + 1 : 1;
}

function streakDelay(streak: number, { streakDelayMs, maxRefusedMs }: TokenSettings): number {
  return streak < 3 ? 0 : Math.min(streakDelayMs * 2 ** (streak - 3), maxRefusedMs);
}

/** The record in which `owner` holds the lease and one more token call is logged as under way. */
export function withLease(
  record: TokenRecord,
  owner: string,
  replacing: number | undefined,
  now: number,
  limits: TokenSettings,
): TokenRecord {
  const { rejected: _, ...rest } = record;
  const until = now + limits.leaseMs;
  const dead = replacing === record.generation ? replacing : record.rejected;
  return {
    ...rest,
    ...(dead === record.generation && { rejected: dead }),
    streak: replacing === undefined ? record.streak : streakAfter(record, replacing, now, limits),
    fence: record.fence + 1,
    lease: { owner, fence: record.fence + 1, until },
    // A call may arrive as late as its lease ends; the true instant replaces this when it is known.
    calls: [...record.calls, until].slice(-limits.callsPerWindow),
  };
}

export function withToken(
  record: TokenRecord,
  token: NonNullable<TokenRecord["token"]>,
  generation: number,
  now: number,
): TokenRecord {
  const { lease: _, rejected: _r, limitedUntil: _l, trouble: _t, ...rest } = record;
  return {
    ...rest,
    generation,
    token,
    working: token.sealed.by,
    refused: record.refused.filter((refusal) => refusal.by !== token.sealed.by),
    calls: settled(record.calls, now),
  };
}

/** A token that was got without the fleet, when nobody has the lease; its call enters the log after the fact. */
export function withHandedInToken(
  record: TokenRecord,
  token: NonNullable<TokenRecord["token"]>,
  generation: number,
  now: number,
  limits: TokenSettings,
): TokenRecord {
  const calls = [...record.calls, token.issuedAt + limits.loginTimeoutMs].slice(-limits.callsPerWindow);
  return withToken({ ...record, calls }, token, generation, now);
}

/**
 * RingCentral refused these credentials. When they are the ones that worked last, RingCentral's side has
 * changed since: then what it said about others before that may be out of date, and each gets one more try.
 */
export function withRefusal(
  record: TokenRecord,
  by: string,
  errorCode: string | undefined,
  now: number,
  limits: TokenSettings,
): TokenRecord {
  const { working, ...rest } = record;
  const before = record.refused.find((refusal) => refusal.by === by);
  const others = working === by ? [] : record.refused.filter((refusal) => refusal.by !== by);
  const isRepeated = before !== undefined && now - before.until < limits.maxRefusedMs;
  const count = (isRepeated ? before.count : 0) + 1;
  const coolDown = Math.min(limits.refusedMs * 2 ** (count - 1), limits.maxRefusedMs);
  const until = now + coolDown + 2 * limits.maxSkewMs;
  return {
    ...rest,
    ...(working !== undefined && working !== by && { working }),
    refused: [...others, { by, count, until, ...(errorCode !== undefined && { errorCode }) }].slice(-4),
  };
}

/** A 429: nobody calls before its end, by any clock, since a call during the penalty restarts it. [docs: RATE] */
export function withRateLimit(
  record: TokenRecord,
  retryAfterMs: number | undefined,
  now: number,
  limits: TokenSettings,
): TokenRecord {
  const closedMs = retryAfterMs ?? limits.defaultRetryAfterMs;
  return { ...record, limitedUntil: now + closedMs + 2 * limits.maxSkewMs };
}

export function withTrouble(
  record: TokenRecord,
  retryAfterMs: number | undefined,
  now: number,
  limits: TokenSettings,
): TokenRecord {
  const count = (record.trouble?.count ?? 0) + 1;
  const coolDown = Math.min(limits.troubledMs * 2 ** (count - 1), limits.maxTroubledMs);
  return { ...record, trouble: { count, until: now + Math.max(coolDown, retryAfterMs ?? 0) } };
}

/** The lease given back; its call is over. */
export function withoutLease(record: TokenRecord, now: number): TokenRecord {
  const { lease: _, ...rest } = record;
  return { ...rest, calls: settled(record.calls, now) };
}

/** The lease given back before its call was made: that one need not be counted. */
export function withUnusedLease(record: TokenRecord): TokenRecord {
  const { lease: _, ...rest } = record;
  return { ...rest, calls: record.calls.slice(0, -1) };
}

/** The last logged call, the one of the current lease, arrived by now at the latest. */
function settled(calls: readonly number[], now: number): number[] {
  const last = calls.at(-1);
  return last === undefined ? [] : [...calls.slice(0, -1), Math.min(last, now)];
}
