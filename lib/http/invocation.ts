import type middy from "@middy/core";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import * as z from "zod/mini";
import type { AuditEntry } from "../platform/audit-log.ts";
import type { Clock } from "../platform/clock.ts";
import { type Deadline, deadlineIn } from "../platform/deadline.ts";
import type { Logger } from "../platform/logger.ts";
import type { Settings } from "../platform/settings.ts";
import type { BudgetLeft } from "../ringcentral/api/operation.ts";
import type { HttpResponse } from "./response.ts";

/** What the audit of a request names: values that were checked, never as they were sent. */
export type Audited = Pick<AuditEntry, "extensionId" | "resource" | "items" | "isReplay"> & {
  /** The pseudonym's key. */
  keyId?: string;
  rcRequestIds: string[];
  /** Absent: the route's operation, by its caller. */
  action?: string;
  accountId?: string;
  actorExtensionId?: string;
};

/** The stack's record of one invocation. */
export interface Invocation {
  requestId: string;
  startedAt: number;
  deadline: Deadline;
  log: Logger;
  settings?: Settings;
  caller?: { id: string; accountId?: string | undefined; extensionId?: string | undefined };
  /** For the audit, filled while the request is read and served. */
  audited: Audited;
  /** The remaining budget that RingCentral stated, by group. */
  budgets: Map<string, BudgetLeft>;
  /** The problem of the response, for the log. */
  problemCode?: string;
  /** The problems that are parts of the response. */
  partCodes: string[];
}

export type EdgeRequest = middy.Request<APIGatewayProxyEventV2, HttpResponse, Error, Context>;
export type Middleware = middy.MiddlewareObj<APIGatewayProxyEventV2, HttpResponse, Error, Context>;

const invocations = new WeakMap<APIGatewayProxyEventV2, Invocation>();

/** Middy passes only the event to the base handler, so the event identifies the invocation. */
export function invocationOf(event: APIGatewayProxyEventV2): Invocation {
  const invocation = invocations.get(event);
  if (invocation === undefined) throw new Error("the invocation has not begun");
  return invocation;
}

const WELL_FORMED_ID = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * Begins the invocation with its id: the caller's when well formed. Every log line also has API Gateway's id, which
 * connects its access log with ours.
 */
export function beginInvocation(clock: Clock, logger: Logger): Middleware {
  return {
    before: ({ event, context }) => {
      const sent = header(event, "x-request-id");
      const requestId = sent !== undefined && WELL_FORMED_ID.test(sent) ? sent : context.awsRequestId;
      invocations.set(event, {
        requestId,
        startedAt: clock.now(),
        deadline: deadlineIn(context.getRemainingTimeInMillis(), clock),
        log: logger.with({ requestId, gatewayRequestId: event.requestContext.requestId }),
        budgets: new Map(),
        partCodes: [],
        audited: { rcRequestIds: [] },
      });
    },
  };
}

/** Whether the request is a GET, or a HEAD: the same without the content. */
export const isRead = ({ requestContext: { http } }: APIGatewayProxyEventV2) =>
  http.method === "GET" || http.method === "HEAD";

/**
 * Whether an event is a request of an HTTP API. The Lambda console's test events and warm-up plugins send anything; then
 * a clear response is better than a crash, which raises an alarm.
 */
export function isHttpRequest(event: unknown): event is APIGatewayProxyEventV2 {
  return httpRequest.safeParse(event).success;
}

const httpRequest = z.object({
  rawPath: z.string(),
  headers: z.record(z.string(), z.unknown()),
  requestContext: z.object({ http: z.object({ method: z.string() }) }),
});

/** A header's value. API Gateway sends names in lower case; other senders may not. */
export function header(event: APIGatewayProxyEventV2, name: string): string | undefined {
  const { headers } = event;
  return headers[name] ?? Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}
