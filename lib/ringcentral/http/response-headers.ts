import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { BudgetLeft } from "../api/operation.ts";
import type { HttpResponse } from "./transport.ts";

/** The pause after a 429 that states no time. [docs: RATE] */
const DEFAULT_RETRY_AFTER_MS = 30_000;
/** A longer Retry-After is taken for an error. */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;
/** The longest pause that one 429 causes: penalties last a minute [docs: RATE]. Then one call probes. */
const MAX_PENALTY_MS = 5 * 60 * 1000;

type Headers = HttpResponse["headers"];

export type RateHeaders = Partial<BudgetLeft>;

/** Reads `X-Rate-Limit-*`, any of which may be missing, and the spelling `X-RateLimit-*` that one guide page uses. [docs: RATE] */
export function readRateHeaders(headers: Headers): RateHeaders {
  const read = (name: string) =>
    headerText(headers, `x-rate-limit-${name}`) ?? headerText(headers, `x-ratelimit-${name}`);
  const group = read("group")?.toLowerCase();
  return omitUndefined({
    group: group !== undefined && /^[\w-]{1,40}$/.test(group) ? group : undefined,
    limit: wholeNumber(read("limit")),
    remaining: wholeNumber(read("remaining")),
    windowSeconds: wholeNumber(read("window")),
  });
}

/** `Retry-After` in milliseconds from `now`: seconds, or an HTTP date. Absent when missing or unreadable. */
export function readRetryAfterMs(headers: Headers, now: number): number | undefined {
  const text = headerText(headers, "retry-after");
  if (text === undefined) return undefined;
  const delayMs = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : httpDate(text) - now;
  return Number.isNaN(delayMs) ? undefined : Math.min(Math.max(0, Math.ceil(delayMs)), MAX_RETRY_AFTER_MS);
}

/** The pause that a 429 asks for: Retry-After, else its window but at least 30 s [docs: RATE]; bounded. */
export function pausedForMs(headers: Headers, now: number): number {
  const windowMs = (readRateHeaders(headers).windowSeconds ?? 0) * 1000;
  const statedMs = readRetryAfterMs(headers, now) ?? Math.max(windowMs, DEFAULT_RETRY_AFTER_MS);
  return Math.min(statedMs, MAX_PENALTY_MS);
}

/** `RCRequestId`, for RingCentral's support. It is logged and passed on, so only a safe alphabet is let through. */
export function readRequestId(headers: Headers): string | undefined {
  const text = headerText(headers, "rcrequestid");
  return text !== undefined && /^[\w-]{1,80}$/.test(text) ? text : undefined;
}

/** `ETag`, to be sent back as `If-None-Match`: quoted, or bare, as some services send it. */
export function readEtag(headers: Headers): string | undefined {
  const text = headerText(headers, "etag");
  return text !== undefined && /^[\x21-\x7e]{1,256}$/.test(text) ? text : undefined;
}

/** Whether the body may be JSON: its content type says so, or is missing. */
export function isJsonOrUnstated(headers: Headers): boolean {
  const text = headerText(headers, "content-type");
  return text === undefined || /^[\w.+-]+\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(text);
}

function headerText(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  const text = (Array.isArray(value) ? value[0] : value)?.trim();
  return text === "" ? undefined : text;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** `Date.parse` accepts more than HTTP dates: it reads a bare "-5" as a year. */
function httpDate(text: string): number {
  return /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
}
