import type * as z from "zod/mini";
import { type FailureKind, RingCentralError, type RingCentralFailure } from "../api/errors.ts";
import { type ErrorBody, readErrorBody } from "./error-body.ts";
import { isJsonOrUnstated, pausedForMs, readRequestId, readRetryAfterMs } from "./response-headers.ts";
import type { HttpResponse } from "./transport.ts";

/** "Duplicate concurrent request": a 429 that says nothing about the budget. [docs: ERR] */
export const DUPLICATE_CONCURRENT_REQUEST = "CMN-304";

/** Multi-Status: the answer to a bulk request. [docs: BULK] */
const MULTI_STATUS = 207;

/**
 * Why this answer is not the one hoped for, or undefined for success. The body of a success is not looked at.
 * @param isBulk Multi-Status is a success then: it tells of each id on its own
 */
export function failureOf(
  operation: string,
  answer: HttpResponse,
  now: number,
  isBulk = false,
): RingCentralFailure | undefined {
  const { status, headers } = answer;
  if (status >= 200 && status < 300 && (isBulk || status !== MULTI_STATUS)) return undefined;
  const body = readErrorBody(readJson(answer.body)) ?? (answer.body.trim() === "" ? {} : undefined);
  const kind = failureKind(status, body);
  const requestId = readRequestId(headers);
  const retryAfterMs = kind === "rate_limited" ? pausedForMs(headers, now) : readRetryAfterMs(headers, now);
  return {
    kind,
    operation,
    status,
    ...(body?.errorCode !== undefined && { errorCode: body.errorCode }),
    ...(body?.oauthError !== undefined && { oauthError: body.oauthError }),
    ...(requestId !== undefined && { requestId }),
    ...(body?.parameterName !== undefined && { parameterName: body.parameterName }),
    ...(body?.permissionName !== undefined && { permissionName: body.permissionName }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    mayHaveTakenEffect: mayHaveTakenEffect(status, body),
  };
}

function failureKind(status: number, body: ErrorBody | undefined): FailureKind {
  if (body?.errorCode === DUPLICATE_CONCURRENT_REQUEST) return "rejected";
  if (status === 429) return "rate_limited";
  if (status === 503) return "unavailable";
  // 408 is a server or a proxy that gave up on the connection, not a verdict on the request.
  if (status < 400 || status >= 500 || status === 408) return "broken";
  return body === undefined ? "broken" : "rejected";
}

function mayHaveTakenEffect(status: number, body: ErrorBody | undefined): boolean {
  if (body?.errorCode === DUPLICATE_CONCURRENT_REQUEST) return true;
  return status < 400 || status >= 500 || status === 408;
}

/**
 * The body of a successful answer, by its schema.
 * @throws RingCentralError kind `broken` for an empty, truncated, non-JSON or unpromised body
 */
export function parseBody<Output>(
  operation: string,
  answer: HttpResponse,
  schema: z.ZodMiniType<Output>,
): Output {
  const parsed = isJsonOrUnstated(answer.headers) ? schema.safeParse(readJson(answer.body)) : undefined;
  if (parsed?.success) return parsed.data;
  const requestId = readRequestId(answer.headers);
  throw new RingCentralError({
    kind: "broken",
    operation,
    status: answer.status,
    ...(requestId !== undefined && { requestId }),
    mayHaveTakenEffect: true,
    cause: new Error(parsed === undefined ? "not JSON by its content type" : describeIssue(parsed.error)),
  });
}

/** Where the body departs from the schema, never what was there. */
function describeIssue(error: z.core.$ZodError): string {
  const issue = error.issues[0];
  return `unexpected body at "${issue?.path.join(".") ?? ""}": ${issue?.code ?? "unknown"}`;
}

/** Ids are int64 in places [spec: OAS]; digits that a double would round are kept as text. */
function readJson(text: string): unknown {
  try {
    return /\d{16}/.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  const rounded = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
  return rounded && context?.source !== undefined ? context.source : value;
}
