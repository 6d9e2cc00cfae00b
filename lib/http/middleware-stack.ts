import middy from "@middy/core";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import { ProblemError, problems } from "../contract/problems.ts";
import type { Route } from "../contract/route.ts";
import { UNKEYED } from "../contract/write-outcome.ts";
import type { AuditLog } from "../platform/audit-log.ts";
import { systemClock } from "../platform/clock.ts";
import type { Deadline } from "../platform/deadline.ts";
import { createLogger } from "../platform/logger.ts";
import { processMetrics } from "../platform/metrics.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import { audit } from "./audit.ts";
import { conditional } from "./conditional.ts";
import { contentEncoding } from "./content-encoding.ts";
import {
  beginInvocation,
  type EdgeRequest,
  header,
  invocationOf,
  isHttpRequest,
  type Middleware,
} from "./invocation.ts";
import { problemOf, problemResponse, type Translate } from "./problem.ts";
import type { HttpResponse } from "./response.ts";
import { responseHeaders } from "./response-headers.ts";

/** A request of a known account that has its response. */
export interface HandledRequest {
  accountId: string;
  operation: string;
  /** Of the problems that the caller gets: the whole response, or parts of it. */
  codes: readonly string[];
  deadline: Deadline;
}

export interface StackOptions {
  translate?: Translate;
  /** Never rejects. */
  afterRequest?: (handled: HandledRequest) => Promise<void>;
  /** Never rejects. */
  writeAudit?: AuditLog["write"];
  cacheControl?: string;
}

export type ApiHandler = (event: APIGatewayProxyEventV2, context: Context) => Promise<HttpResponse>;

/** The last resort for a handler that misses its deadline: it responds before Lambda ends it. */
const EARLY_RESPONSE_MS = 250;

/** The stack of every function, outermost first. */
export function buildStack(
  route: Route,
  handle: (event: APIGatewayProxyEventV2) => Promise<HttpResponse>,
  { translate, afterRequest, writeAudit, cacheControl = "private, no-cache" }: StackOptions = {},
): ApiHandler {
  const stack = middy<APIGatewayProxyEventV2, HttpResponse, Error, Context>({
    timeoutEarlyInMillis: EARLY_RESPONSE_MS,
    timeoutEarlyResponse: () => {
      throw new OutOfTime();
    },
  });
  stack.use([
    accessLog(route),
    ...(writeAudit === undefined ? [] : [audit(route, writeAudit)]),
    ...(afterRequest === undefined ? [] : [report(route, afterRequest)]),
    beginInvocation(systemClock, createLogger()),
    responseHeaders(cacheControl),
    contentEncoding(route),
    conditional(cacheControl),
    problem(route, translate),
  ]);
  stack.handler(handle);
  return async (event, context) => (isHttpRequest(event) ? stack(event, context) : notARequest());
}

function notARequest(): HttpResponse {
  const message = "Not a request of an API Gateway HTTP API (payload format 2.0).";
  return {
    statusCode: 400,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ message }),
  };
}

let isColdStart = true;

/** One log line per invocation (operation, hashed caller, outcome), and its metrics. */
function accessLog(route: Route): Middleware {
  function write({ event, context, response }: EdgeRequest): void {
    const { log, startedAt, caller, problemCode } = invocationOf(event);
    const status = response?.statusCode ?? 500;
    const durationMs = systemClock.now() - startedAt;
    const fields = omitUndefined({
      operation: route.operationId,
      method: event.requestContext.http.method,
      route: route.path,
      status,
      durationMs,
      coldStart: isColdStart,
      code: problemCode,
      caller: caller?.id,
      accountId: caller?.accountId,
      lambdaRequestId: context.awsRequestId,
    });
    isColdStart = false;
    log[status >= 500 ? faultLevel(problemCode) : "info"]("request", fields);
    const dimensions = { Route: route.operationId };
    processMetrics.count("RequestCount", 1, dimensions);
    processMetrics.count("RequestFaults", status >= 500 && !isAnnounced(problemCode) ? 1 : 0, dimensions);
    processMetrics.record("RequestDurationMs", durationMs, "Milliseconds", dimensions);
    if (problemCode !== undefined) processMetrics.count("Problems", 1, { Code: problemCode });
    processMetrics.flush();
  }
  // The response stands, whatever its log line meets.
  function writeSafely(request: EdgeRequest): void {
    try {
      write(request);
    } catch (error) {
      createLogger().error("the access log failed", { operation: route.operationId, error });
    }
  }
  return { after: writeSafely, onError: writeSafely };
}

/** Inside the access log, whose time includes it. */
function report({ operationId: operation }: Route, afterRequest: NonNullable<StackOptions["afterRequest"]>) {
  const after = async ({ event }: EdgeRequest) => {
    const { caller, problemCode, partCodes, deadline } = invocationOf(event);
    if (caller?.accountId === undefined) return;
    const codes = problemCode === undefined ? partCodes : [problemCode];
    await afterRequest({ accountId: caller.accountId, operation, codes, deadline });
  };
  return { after, onError: after } satisfies Middleware;
}

/** RingCentral's maintenance is no fault. The alarm on 5xx responses leaves these out too. */
const isAnnounced = (code: string | undefined) => code === "upstream_limited_mode";

/** The log level of a 5xx response. A spent budget is RingCentral's rule at work, not a fault: it has its own alarm. */
const faultLevel = (code: string | undefined) =>
  code === "upstream_rate_limited" || isAnnounced(code) ? "warn" : "error";

class OutOfTime extends Error {}

/** A write that is still under way may take effect; only its key makes a repetition harmless. */
function outOfTimeProblem(route: Route, event: APIGatewayProxyEventV2): ProblemError {
  const { method, scope, isWebhook, callsRingCentral } = route;
  if (method === "GET" && callsRingCentral) return new ProblemError("upstream_timeout");
  // Without a call of RingCentral, the table is what a request waits for.
  if (isWebhook || (method === "GET" && scope !== undefined)) return new ProblemError("storage_unavailable");
  if (method === "GET") return new ProblemError("internal");
  const isUnkeyed = method === "POST" && header(event, "idempotency-key") === undefined;
  return new ProblemError("outcome_unknown", isUnkeyed ? UNKEYED : {});
}

function problem(route: Route, translate?: Translate): Middleware {
  return {
    onError: (request) => {
      const { event, error } = request;
      const invocation = invocationOf(event);
      const problem =
        error instanceof OutOfTime ? outOfTimeProblem(route, event) : problemOf(error, translate);
      invocation.problemCode = problem.code;
      if (problems[problem.code].status >= 500) {
        const fields = { code: problem.code, error: problem.details.cause ?? problem };
        invocation.log[faultLevel(problem.code)]("request failed", fields);
      }
      request.response = problemResponse(problem, {
        requestId: invocation.requestId,
        typeBase: invocation.settings?.PROBLEM_TYPE_BASE ?? "/docs/errors",
      });
    },
  };
}
