import middy from "@middy/core";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import { ProblemError, problems } from "../contract/problems.ts";
import type { Route } from "../contract/route.ts";
import { type Clock, systemClock } from "../platform/clock.ts";
import { createLogger, type Logger } from "../platform/logger.ts";
import { type Metrics, processMetrics } from "../platform/metrics.ts";
import { accessLog } from "./access-log.ts";
import { conditional } from "./conditional.ts";
import { invocationOf, type Middleware } from "./invocation.ts";
import { problemResponse } from "./problem.ts";
import { requestId } from "./request-id.ts";
import type { HttpResponse } from "./response.ts";
import { cors, rateLimits, responseHeaders } from "./response-headers.ts";

/** The problem for an error; `undefined` when it is unknown. */
export type Translate = (error: unknown) => ProblemError | undefined;

export interface StackOptions {
  clock?: Clock;
  logger?: Logger;
  metrics?: Metrics;
  cacheControl?: string;
}

export type ApiHandler = (event: APIGatewayProxyEventV2, context: Context) => Promise<HttpResponse>;

/** The last resort for a handler that misses its deadline: it responds before Lambda ends it. */
const EARLY_RESPONSE_MS = 250;

/**
 * The stack of every function, outermost first: log line, request id, headers, CORS, rate limits, conditional requests,
 * problems, and the function's own steps.
 */
export function buildStack(
  route: Route,
  translate: Translate,
  steps: Middleware[],
  handle: (event: APIGatewayProxyEventV2) => Promise<HttpResponse>,
  options: StackOptions,
): ApiHandler {
  const { clock = systemClock, logger = createLogger(), metrics = processMetrics } = options;
  const { cacheControl = "private, no-cache" } = options;
  const stack = middy<APIGatewayProxyEventV2, HttpResponse, Error, Context>({
    timeoutEarlyInMillis: EARLY_RESPONSE_MS,
    timeoutEarlyResponse: () => {
      throw new ProblemError("upstream_timeout");
    },
  });
  for (const step of [
    accessLog(route, { clock, metrics }),
    requestId({ clock, logger }),
    responseHeaders(cacheControl),
    cors(),
    rateLimits(),
    conditional(),
    problem(translate),
    ...steps,
  ]) {
    stack.use(step);
  }
  stack.handler(handle);
  return (event, context) => stack(event, context);
}

function problem(translate: Translate): Middleware {
  return {
    onError: (request) => {
      const invocation = invocationOf(request.event);
      const known = translate(request.error);
      const reported = known ?? new ProblemError("internal", { cause: request.error });
      invocation.problemCode = reported.code;
      if (problems[reported.code].status >= 500) {
        invocation.log.error("problem", { code: reported.code, error: reported.details.cause ?? reported });
      }
      request.response = problemResponse(reported, {
        requestId: invocation.requestId,
        typeBase: invocation.settings?.problemTypeBase ?? "/docs/errors",
      });
    },
  };
}
