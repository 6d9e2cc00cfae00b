import type * as z from "zod/mini";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { type FailureKind, RingCentralError } from "../api/errors.ts";
import type { Operation } from "../api/operation.ts";
import { type ErrorBody, readErrorBody } from "./error-body.ts";
import {
  isJsonOrUnstated,
  pausedForMs,
  readEtag,
  readRequestId,
  readRetryAfterMs,
} from "./response-headers.ts";
import type { HttpResponse } from "./transport.ts";

/** "Duplicate concurrent request": a 429 that is unrelated to the budget. [docs: ERR] */
export const DUPLICATE_CONCURRENT_REQUEST = "CMN-304";

/** "The service is in limited mode": reads work, most writes are rejected. [docs: ERR] */
const LIMITED_MODE = "CMN-211";

/** The status of a bulk response. [docs: BULK] */
const MULTI_STATUS = 207;

const NOT_MODIFIED = 304;

/**
 * The failure that a response reports, or undefined for success. The body of a success is not read. Multi-Status is a
 * success of a bulk operation alone: it states the outcome of each id.
 */
export function failureOf(
  { name: operation, bulkId, isConditional }: Pick<Operation<unknown>, "name" | "bulkId" | "isConditional">,
  response: HttpResponse,
  now: number,
) {
  const { status, headers } = response;
  if (status >= 200 && status < 300 && (bulkId !== undefined || status !== MULTI_STATUS)) return undefined;
  if (status === NOT_MODIFIED && isConditional) return undefined;
  const body = readErrorBody(readJson(response.body)) ?? (response.body.trim() === "" ? {} : undefined);
  const kind = failureKind(status, body);
  const { isInProgress: _, ...details } = body ?? {};
  return {
    kind,
    operation,
    status,
    ...details,
    ...omitUndefined({
      requestId: readRequestId(headers),
      retryAfterMs: kind === "rate_limited" ? pausedForMs(headers, now) : readRetryAfterMs(headers, now),
    }),
    mayHaveTakenEffect:
      body?.errorCode === DUPLICATE_CONCURRENT_REQUEST || (kind !== "limited_mode" && !isVerdict(status)),
  };
}

function failureKind(status: number, body: ErrorBody | undefined): FailureKind {
  if (body?.errorCode === DUPLICATE_CONCURRENT_REQUEST) return "rejected";
  if (status === 429) return "rate_limited";
  if (status === 503) return body?.errorCode === LIMITED_MODE ? "limited_mode" : "unavailable";
  if (isLocked(status, body)) return "locked";
  const isReadable = body !== undefined || unmistakable.has(status);
  return isReadable && isVerdict(status) ? "rejected" : "bad_response";
}

/** Statuses that say the same with a page of HTML as with a code. Others may come from a proxy on the way. */
const unmistakable: ReadonlySet<number> = new Set([402, 409, 413, 415, 422]);

/** A 409 with a numbered code of RingCentral's means what that code says, unless its text says "in progress". */
function isLocked(status: number, { errorCode = "", isInProgress = false }: ErrorBody = {}): boolean {
  if (status === 423) return true;
  return (
    (status === 409 && !/^[A-Z]{3}-\d+$/.test(errorCode)) || (isInProgress && [400, 409].includes(status))
  );
}

/** A 4xx rejects the request, except 408: a server or a proxy gave up on the connection. 501 says "never here". */
function isVerdict(status: number): boolean {
  return (status >= 400 && status < 500 && status !== 408) || status === 501;
}

/**
 * The body of a successful response, parsed by its schema. A conditional read's schema is given the status too.
 * @throws RingCentralError kind `bad_response` for an empty, truncated, non-JSON or unexpected body
 */
export function parseBody<Output>(
  operation: string,
  response: HttpResponse,
  schema: z.ZodMiniType<Output>,
  isConditional = false,
) {
  const { status, headers } = response;
  const body = () => readJson(response.body);
  const value = () => (isConditional ? { status, etag: readEtag(headers), body: body() } : body());
  const isReadable = status === NOT_MODIFIED || (isJsonOrUnstated(headers) && !response.isGarbled);
  const parsed = isReadable ? schema.safeParse(value()) : undefined;
  if (parsed?.success) return parsed.data;
  throw new RingCentralError({
    kind: "bad_response",
    operation,
    status: response.status,
    ...omitUndefined({ requestId: readRequestId(response.headers) }),
    mayHaveTakenEffect: true,
    cause: new Error(
      parsed === undefined ? "not JSON by its content type or its bytes" : describeIssue(parsed.error),
    ),
  });
}

/** The place where the body differs from the schema, without its content. */
function describeIssue(error: z.core.$ZodError): string {
  const issue = error.issues[0];
  return `unexpected body at "${issue?.path.join(".") ?? ""}": ${issue?.code ?? "unknown"}`;
}

/** Some ids are int64 [spec: OAS]: digits that a double would round stay text. */
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
