import type { Clock } from "../platform/clock.ts";
import { deadlineIn } from "../platform/deadline.ts";
import type { Logger } from "../platform/logger.ts";
import { beginInvocation, type EdgeRequest, header, invocationOf, type Middleware } from "./invocation.ts";

const WELL_FORMED = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * Begins the invocation: its id (the caller's when well formed), deadline and logger. Every log line also has API
 * Gateway's id, which connects its access log with ours.
 */
export function requestId({ clock, logger }: { clock: Clock; logger: Logger }): Middleware {
  const add = ({ event, response }: EdgeRequest) => {
    if (response) response.headers["x-request-id"] = invocationOf(event).requestId;
  };
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
    after: add,
    onError: add,
  };
}
