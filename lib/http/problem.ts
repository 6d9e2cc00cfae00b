import { MAX_FIELD_ERRORS, type ProblemCode, ProblemError, problems } from "../contract/problems.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import { ConfigurationError } from "../platform/settings.ts";
import { type HttpResponse, jsonResponse } from "./response.ts";

/** Seconds until a retry after 429 or 503, where the problem itself states none. */
const RETRY_SECONDS = 5;
const retrySeconds: Partial<Record<ProblemCode, number>> = {
  upstream_rate_limited: 60,
  upstream_locked: 30,
  upstream_limited_mode: 60,
  storage_unavailable: 2,
  configuration_invalid: 60,
};

/** The problem for an error that only some functions know; `undefined` for an unknown error. */
export type Translate = (error: unknown) => ProblemError | undefined;

/** The problem for any error. */
export function problemOf(error: unknown, translate: Translate = () => undefined): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof ConfigurationError) return new ProblemError("configuration_invalid", { cause: error });
  return translate(error) ?? new ProblemError("internal", { cause: error });
}

interface ProblemContext {
  requestId: string;
  typeBase: string;
}

export type ProblemBody = ReturnType<typeof problemBody>;

/** A problem of RFC 9457, in the contract's form. */
export function problemBody({ code, details }: ProblemError, { requestId, typeBase }: ProblemContext) {
  const { title, status, meaning, retryable } = problems[code];
  const { detail = meaning, errors = [], upstream = {}, entry } = details;
  const retryDefault = status === 429 || status === 503 ? (retrySeconds[code] ?? RETRY_SECONDS) : undefined;
  return omitUndefined({
    type: `${typeBase}#${code}`,
    title,
    status,
    detail,
    instance: requestId,
    code,
    retryable: details.retryable ?? retryable,
    retryAfter: details.retryAfterSeconds ?? retryDefault,
    entry,
    errors: errors.length > 0 ? errors.slice(0, MAX_FIELD_ERRORS) : undefined,
    upstream: Object.keys(upstream).length > 0 ? upstream : undefined,
  });
}

export function problemResponse(problem: ProblemError, context: ProblemContext): HttpResponse {
  const body = problemBody(problem, context);
  const { code, status, retryAfter } = body;
  const headers = {
    "content-type": "application/problem+json",
    "retry-after": retryAfter?.toString(),
    "www-authenticate": challenge(code, status),
  };
  return jsonResponse(status, body, omitUndefined(headers));
}

/** RFC 6750: a missing token names no error; every bad one is `invalid_token`. */
function challenge(code: string, status: number): string | undefined {
  if (code === "scope_missing") return 'Bearer error="insufficient_scope"';
  if (status !== 401 || !code.startsWith("token_")) return undefined;
  return code === "token_missing" ? "Bearer" : 'Bearer error="invalid_token"';
}
