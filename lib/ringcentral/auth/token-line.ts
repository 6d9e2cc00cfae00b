import * as z from "zod/mini";
import type { TokenCallOutcome, TokenNeed } from "./ports.ts";

/** The numbers of the token endpoint's limit. Instants are the latest that any process's clock may show. */
export const lineSettings = {
  /** Calls of one app in any window, until RingCentral's headers say otherwise. [docs: AUTH5] */
  limit: 5,
  windowMs: 60_000,
  /** RingCentral's window may end later than ours. [unsure] */
  guardMs: 250,
  /** From the permit to the end of its call. */
  callMs: 10_000,
  /** The parts of the limit that calls of lesser need leave to the others. */
  left: { request: 0, sign_in: 0.2, renewal: 0.4 },
  /** How much later than told a person may come, without taking the call of a later place. */
  lateMs: 4_000,
  /** How long a place in the line is kept after its turn. */
  keptMs: 30_000,
  maxPlaces: 100,
  defaultPauseMs: 60_000,
};

const callRecord = z.object({ id: z.string(), by: z.number() });
const place = z.object({ who: z.string(), at: z.number(), need: z.enum(["request", "sign_in", "renewal"]) });

/** The record that all processes of one app share. This module has pure functions of the record and the time only. */
const tokenCallsRecord = z.object({
  limit: z.int().check(z.minimum(1)),
  windowMs: z.int().check(z.minimum(1)),
  /** The limit is the operator's: headers do not change it. */
  isSet: z.optional(z.boolean()),
  /** Recent calls: the latest instant at which RingCentral has received each. */
  calls: z.array(callRecord),
  /** Who has been told to come back, and when. */
  line: z.array(place),
  pausedUntil: z.optional(z.number()),
});
export type TokenCallsRecord = z.infer<typeof tokenCallsRecord>;
export interface Bounds {
  earliest: number;
  latest: number;
}

const defaults = { limit: lineSettings.limit, windowMs: lineSettings.windowMs, isSet: false };
const emptyRecord: TokenCallsRecord = { ...defaults, calls: [], line: [] };

/** The record without what has passed, with the operator's limit if there is one. One that does not parse counts as empty. */
export function readLine(value: unknown, now: Bounds, callsPerMinute?: number): TokenCallsRecord {
  const parsed = tokenCallsRecord.safeParse(value);
  const record = parsed.success ? parsed.data : emptyRecord;
  return {
    ...record,
    ...(record.isSet && defaults),
    ...(callsPerMinute !== undefined && { limit: callsPerMinute, windowMs: 60_000, isSet: true }),
    calls: record.calls.filter(({ by }) => by + spanOf(record) > now.earliest),
    line: record.line.filter(({ at }) => at + lineSettings.keptMs > now.earliest),
  };
}

const spanOf = ({ windowMs }: TokenCallsRecord) => windowMs + lineSettings.guardMs;

/** Whether a call may go now, or when it may. */
export type Turn = { type: "now" } | { type: "later"; at: number; isPlaced: boolean };

/** Pure: the record decides. */
export function turnOf(
  record: TokenCallsRecord,
  need: TokenNeed,
  who: string | undefined,
  now: Bounds,
): Turn {
  const { calls, line, pausedUntil = 0 } = record;
  const allowed = callsFor(need, record);
  const own = line.find((place) => place.who === who);
  const before = line.filter((place) => place !== own && isBefore(place.need, need));
  // The places whose turn has come take what is free first.
  const due = before.filter(({ at }) => at <= now.latest && (own === undefined || at < own.at)).length;
  const free = allowed - calls.length - due;
  if (pausedUntil <= now.earliest && free > 0) return { type: "now" };
  if (own !== undefined && own.at > now.latest) return { type: "later", at: own.at, isPlaced: true };
  const ends = calls.map(({ by }) => by + spanOf(record)).sort((a, b) => a - b);
  const next = ends[Math.max(0, calls.length - allowed)] ?? now.latest;
  // A call counts for longer than a window, because clocks differ.
  const countedMs = spanOf(record) + now.latest - now.earliest;
  const intervalMs = Math.ceil((countedMs + lineSettings.lateMs) / allowed);
  const last = Math.max(0, ...before.map(({ at }) => at + intervalMs));
  return { type: "later", at: Math.max(next, pausedUntil, last, now.latest + 1_000), isPlaced: false };
}

/** A request passes sign-ins; a renewal is behind all. */
function isBefore(other: TokenNeed, need: TokenNeed): boolean {
  return need !== "request" || other === "request";
}

function callsFor(need: TokenNeed, { limit }: TokenCallsRecord): number {
  return Math.max(1, limit - Math.ceil(limit * lineSettings.left[need]));
}

export function withCall(
  record: TokenCallsRecord,
  id: string,
  who: string | undefined,
  now: Bounds,
): TokenCallsRecord {
  const calls = [...record.calls, { id, by: now.latest + lineSettings.callMs }];
  return { ...record, calls, line: record.line.filter((place) => place.who !== who) };
}

export function withPlace(
  record: TokenCallsRecord,
  who: string,
  need: TokenNeed,
  at: number,
): TokenCallsRecord {
  const others = record.line.filter((place) => place.who !== who);
  return { ...record, line: [...others, { who, at, need }] };
}

export function withoutCall(record: TokenCallsRecord, id: string): TokenCallsRecord {
  return { ...record, calls: record.calls.filter((call) => call.id !== id) };
}

/** A call is over: it counts from now, and its response may state a pause, and a limit where the operator set none. */
export function withEndedCall(
  record: TokenCallsRecord,
  id: string,
  outcome: TokenCallOutcome | undefined,
  now: Bounds,
): TokenCallsRecord {
  const calls = record.calls.map((call) =>
    call.id === id ? { ...call, by: Math.min(call.by, now.latest) } : call,
  );
  const { status, retryAfterMs, ...stated } = outcome ?? {};
  const { limit, windowSeconds, remaining }: Partial<TokenCallOutcome> = record.isSet ? {} : stated;
  const next = { ...record, calls };
  if (limit !== undefined && limit > 0 && limit <= 10_000) next.limit = limit;
  if (windowSeconds !== undefined && windowSeconds > 0 && windowSeconds <= 3_600)
    next.windowMs = windowSeconds * 1_000;
  const pauseMs = status === 429 ? (retryAfterMs ?? lineSettings.defaultPauseMs) : 0;
  // Other clients of the app spend the same limit.
  const isSpent = remaining === 0 && calls.length < next.limit;
  const untilMs = Math.max(pauseMs, isSpent ? next.windowMs : 0);
  if (untilMs > 0) next.pausedUntil = Math.max(record.pausedUntil ?? 0, now.latest + untilMs);
  return next;
}
