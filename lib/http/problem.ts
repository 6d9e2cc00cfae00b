import { type ProblemError, problems } from "../contract/problems.ts";
import type { HttpResponse } from "./response.ts";

const RETRY_SECONDS = 5;

interface ProblemContext {
  requestId: string;
  typeBase: string;
}

export type ProblemBody = ReturnType<typeof problemBody>;

/** RFC 9457, in the contract's one shape. */
export function problemBody(problem: ProblemError, context: ProblemContext) {
  const { code, details } = problem;
  const entry = problems[code];
  const needsRetryAfter = entry.status === 429 || entry.status === 503;
  const retryAfter = details.retryAfterSeconds ?? (needsRetryAfter ? RETRY_SECONDS : undefined);
  return {
    type: `${context.typeBase}#${code}`,
    title: entry.title,
    status: entry.status,
    detail: details.detail ?? entry.meaning,
    instance: context.requestId,
    code,
    retryable: entry.retryable,
    ...(retryAfter !== undefined && { retryAfter }),
    ...(details.errors && details.errors.length > 0 && { errors: details.errors }),
    ...(details.upstream && Object.keys(details.upstream).length > 0 && { upstream: details.upstream }),
  };
}

export function problemResponse(problem: ProblemError, context: ProblemContext): HttpResponse {
  const body = problemBody(problem, context);
  const { code, status, retryAfter } = body;
  return {
    statusCode: status,
    headers: {
      "content-type": "application/problem+json",
      ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
      ...(code.startsWith("token_") && status === 401 && { "www-authenticate": challenge(code) }),
      ...(code === "scope_missing" && { "www-authenticate": 'Bearer error="insufficient_scope"' }),
    },
    body: JSON.stringify(body),
  };
}

/** RFC 6750: a missing token names no error; every bad one is `invalid_token`. */
function challenge(code: string): string {
  return code === "token_missing" ? "Bearer" : 'Bearer error="invalid_token"';
}
