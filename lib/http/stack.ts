import middy from "@middy/core";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import { ProblemError, problems } from "../contract/problems.ts";
import type { Route } from "../contract/route.ts";
import { type Clock, systemClock } from "../platform/clock.ts";
import { createLogger, type Logger } from "../platform/logger.ts";
import { type Metrics, processMetrics } from "../platform/metrics.ts";
import { accessLog } from "./access-log.ts";
import { conditional } from "./conditional.ts";
import { type HttpResponse, invocationOf, type Middleware } from "./invocation.ts";
import { problemAnswer } from "./problem.ts";
import { requestId } from "./request-id.ts";
import { cors, rateLimits, responseHeaders } from "./response-headers.ts";

/** Turns an error into a problem; `undefined` = not one of mine. */
export type Translate = (error: unknown) => ProblemError | undefined;

export interface StackOptions {
  clock?: Clock;
  logger?: Logger;
  metrics?: Metrics;
  cacheControl?: string;
}

export type ApiHandler = (event: APIGatewayProxyEventV2, context: Context) => Promise<HttpResponse>;

/** The last resort against a handler that forgets its deadline: answer before Lambda cuts it off. */
const EARLY_ANSWER_MS = 250;

/**
 * The one stack every function runs on, outermost first: request id and log line, headers, CORS, conditional
 * requests, problems; then what the function adds itself.
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
    timeoutEarlyInMillis: EARLY_ANSWER_MS,
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
      const answered = known ?? new ProblemError("internal", { cause: request.error });
      invocation.problemCode = answered.code;
      if (problems[answered.code].status >= 500) {
        invocation.log.error("problem", { code: answered.code, error: answered.details.cause ?? answered });
      }
      request.response = problemAnswer(answered, {
        requestId: invocation.requestId,
        typeBase: invocation.settings?.problemTypeBase ?? "/docs/errors",
      });
    },
  };
}
