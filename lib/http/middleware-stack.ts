import middy from "@middy/core";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import { ProblemError, problems } from "../contract/problems.ts";
import type { Route } from "../contract/route.ts";
import { UNKEYED } from "../contract/write-outcome.ts";
import { systemClock } from "../platform/clock.ts";
import { createLogger } from "../platform/logger.ts";
import { processMetrics } from "../platform/metrics.ts";
import { accessLog, faultLevel } from "./access-log.ts";
import { conditional } from "./conditional.ts";
import { beginInvocation, header, invocationOf, type Middleware } from "./invocation.ts";
import { problemOf, problemResponse, type Translate } from "./problem.ts";
import type { HttpResponse } from "./response.ts";
import { responseHeaders } from "./response-headers.ts";

export interface StackOptions {
  translate?: Translate;
  cacheControl?: string;
}

export type ApiHandler = (event: APIGatewayProxyEventV2, context: Context) => Promise<HttpResponse>;

/** The last resort for a handler that misses its deadline: it responds before Lambda ends it. */
const EARLY_RESPONSE_MS = 250;

/** The stack of every function, outermost first. */
export function buildStack(
  route: Route,
  handle: (event: APIGatewayProxyEventV2) => Promise<HttpResponse>,
  { translate, cacheControl = "private, no-cache" }: StackOptions = {},
): ApiHandler {
  const stack = middy<APIGatewayProxyEventV2, HttpResponse, Error, Context>({
    timeoutEarlyInMillis: EARLY_RESPONSE_MS,
    timeoutEarlyResponse: () => {
      throw new OutOfTime();
    },
  });
  stack.use([
    accessLog(route, systemClock, processMetrics),
    beginInvocation(systemClock, createLogger()),
    responseHeaders(cacheControl),
    conditional(),
    problem(route, translate),
  ]);
  stack.handler(handle);
  return (event, context) => stack(event, context);
}

class OutOfTime extends Error {}

/** A write that is still under way may take effect; only its key makes a repetition harmless. */
function outOfTimeProblem({ method }: Route, event: APIGatewayProxyEventV2): ProblemError {
  if (method === "GET") return new ProblemError("upstream_timeout");
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
