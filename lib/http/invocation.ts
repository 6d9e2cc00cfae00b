import type middy from "@middy/core";
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import type { Deadline } from "../platform/deadline.ts";
import type { Logger } from "../platform/logger.ts";
import type { Settings } from "../platform/settings.ts";
import type { BudgetLeft } from "../ringcentral/api/operation.ts";
import type { Caller } from "./request.ts";

/** An answer whose headers are all there is to say: names in lower case. */
export interface HttpResponse extends APIGatewayProxyStructuredResultV2 {
  statusCode: number;
  headers: Record<string, string>;
}

/** What the stack learns about one invocation on its way to the use case. */
export interface Invocation {
  event: APIGatewayProxyEventV2;
  requestId: string;
  startedAt: number;
  deadline: Deadline;
  log: Logger;
  settings?: Settings;
  caller?: Caller;
  extensionId?: string;
  /** What RingCentral said is left, by group, in the order it was first said. */
  budgets: Map<string, BudgetLeft>;
  /** The problem that was answered, for the log. */
  problemCode?: string;
}

export type EdgeRequest = middy.Request<APIGatewayProxyEventV2, HttpResponse, Error, Context>;
export type Middleware = middy.MiddlewareObj<APIGatewayProxyEventV2, HttpResponse, Error, Context>;

const invocations = new WeakMap<object, Invocation>();

/** Middy hands the base handler the event alone, so the event is what an invocation is found by. */
export function invocationOf(event: APIGatewayProxyEventV2): Invocation {
  const invocation = invocations.get(event);
  if (invocation === undefined) throw new Error("the stack has not begun this invocation");
  return invocation;
}

export function beginInvocation(invocation: Invocation): void {
  invocations.set(invocation.event, invocation);
}

/** Header names reach a handler in lower case from API Gateway, in any case from elsewhere. */
export function header(event: APIGatewayProxyEventV2, name: string): string | undefined {
  const direct = event.headers[name];
  if (direct !== undefined) return direct;
  for (const [key, value] of Object.entries(event.headers)) {
    if (key.toLowerCase() === name) return value;
  }
  return undefined;
}
