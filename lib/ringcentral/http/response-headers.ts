import type { HttpResponse } from "./transport.ts";

/** [docs: RATE] How long to stay away after a 429 that names no time. */
export const DEFAULT_RETRY_AFTER_MS = 30_000;
/** A longer pause than this is a mistake somewhere, and would shut a group for good. */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/** What the headers of an answer say about the rate limit. Any may be missing. [docs: RATE] */
export interface RateHeaders {
  /** Lower case. Names may change. [docs: RATE] */
  group?: string;
  limit?: number;
  remaining?: number;
  windowSeconds?: number;
}

/** Reads `X-Rate-Limit-*`, and the spelling `X-RateLimit-*` that one guide page uses. [docs: RATE] */
export function readRateHeaders(headers: HttpResponse["headers"]): RateHeaders {
  const read = (name: string) =>
    headerText(headers, `x-rate-limit-${name}`) ?? headerText(headers, `x-ratelimit-${name}`);
  const group = read("group")?.toLowerCase();
  const limit = wholeNumber(read("limit"));
  const remaining = wholeNumber(read("remaining"));
  const windowSeconds = wholeNumber(read("window"));
  return {
    ...(group !== undefined && /^[\w-]{1,40}$/.test(group) && { group }),
    ...(limit !== undefined && { limit }),
    ...(remaining !== undefined && { remaining }),
    ...(windowSeconds !== undefined && { windowSeconds }),
  };
}

/** `Retry-After` in milliseconds from `now`: seconds, or an HTTP date. Absent when missing or unreadable. */
export function readRetryAfterMs(headers: HttpResponse["headers"], now: number): number | undefined {
  const text = headerText(headers, "retry-after");
  if (text === undefined) return undefined;
  const delayMs = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : httpDate(text) - now;
  return Number.isNaN(delayMs) ? undefined : Math.min(Math.max(0, Math.ceil(delayMs)), MAX_RETRY_AFTER_MS);
}

/** How long a 429 closes the door: as stated, else its window, and never less than 30 s then. [docs: RATE] */
export function pausedForMs(headers: HttpResponse["headers"], now: number): number {
  const windowMs = (readRateHeaders(headers).windowSeconds ?? 0) * 1000;
  return (
    readRetryAfterMs(headers, now) ?? Math.min(Math.max(windowMs, DEFAULT_RETRY_AFTER_MS), MAX_RETRY_AFTER_MS)
  );
}

/** `RCRequestId`, for RingCentral's support. It goes into logs and answers, hence only in its own alphabet. */
export function readRequestId(headers: HttpResponse["headers"]): string | undefined {
  const text = headerText(headers, "rcrequestid");
  return text !== undefined && /^[\w-]{1,80}$/.test(text) ? text : undefined;
}

/** Whether the body claims to be JSON; an absent claim is no denial. */
export function isJsonOrUnstated(headers: HttpResponse["headers"]): boolean {
  const text = headerText(headers, "content-type");
  return text === undefined || /^[\w.+-]+\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(text);
}

function headerText(headers: HttpResponse["headers"], name: string): string | undefined {
  const value = headers[name];
  const text = (Array.isArray(value) ? value[0] : value)?.trim();
  return text === "" ? undefined : text;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** `Date.parse` takes more than HTTP dates: a bare "-5" is a year to it. */
function httpDate(text: string): number {
  return /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
}
