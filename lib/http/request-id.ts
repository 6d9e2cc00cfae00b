import type { Clock } from "../platform/clock.ts";
import { deadlineIn } from "../platform/deadline.ts";
import type { Logger } from "../platform/logger.ts";
import { beginInvocation, header, invocationOf, type Middleware } from "./invocation.ts";

const WELL_FORMED = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * Begins the invocation: its id (the caller's own when well formed), clock, deadline and logger. Every line of the
 * invocation carries API Gateway's own id too, by which its access log and ours, which names RingCentral's, are
 * found together.
 */
export function requestId({ clock, logger }: { clock: Clock; logger: Logger }): Middleware {
  return {
    before: ({ event, context }) => {
      const sent = header(event, "x-request-id");
      const requestId = sent !== undefined && WELL_FORMED.test(sent) ? sent : context.awsRequestId;
      beginInvocation({
        event,
        requestId,
        startedAt: clock.now(),
        deadline: deadlineIn(context.getRemainingTimeInMillis(), clock),
        log: logger.with({ requestId, gatewayRequestId: event.requestContext.requestId }),
        budgets: new Map(),
      });
    },
    after: ({ event, response }) => {
      if (response) response.headers["x-request-id"] = invocationOf(event).requestId;
    },
    onError: ({ event, response }) => {
      if (response) response.headers["x-request-id"] = invocationOf(event).requestId;
    },
  };
}
