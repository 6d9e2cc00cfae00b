import type { Route } from "../contract/route.ts";
import type { AuditEntry } from "../platform/audit-log.ts";
import { systemClock } from "../platform/clock.ts";
import { type Deadline, deadlineIn } from "../platform/deadline.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import { type EdgeRequest, invocationOf, type Middleware } from "./invocation.ts";

/** The entry of a request at its beginning. */
export function entryOf({ operationId: action }: Route, event: EdgeRequest["event"]) {
  const { requestId, caller, audited } = invocationOf(event);
  const { rcRequestIds, ...named } = audited;
  return omitUndefined({
    action,
    actor: caller?.id,
    actorExtensionId: caller?.extensionId,
    accountId: caller?.accountId,
    ...named,
    sourceIp: event.requestContext.http.sourceIp,
    requestId,
    gatewayRequestId: event.requestContext.requestId,
    rcRequestIds: rcRequestIds.length === 0 ? undefined : rcRequestIds,
  });
}

/** Of the time until Lambda ends the process: for the response, which leaves after the entry. */
const RESPONSE_MS = 100;

/**
 * Writes an entry for each request of a known caller, or with a named act, before its response leaves. The request's own
 * deadline is over when its outcome is unknown; the time until the process ends is not.
 */
export function audit(
  route: Route,
  write: (entry: AuditEntry, deadline: Deadline) => Promise<void>,
): Middleware {
  const after = async ({ event, context, response }: EdgeRequest) => {
    const { caller, audited, problemCode } = invocationOf(event);
    if (caller === undefined && audited.action === undefined) return;
    const outcome = outcomeOf(response?.statusCode ?? 500, problemCode);
    const isReplay = response?.headers["idempotency-replayed"] === undefined ? undefined : (true as const);
    const lambdaRequestId = context.awsRequestId;
    const result = omitUndefined({ outcome, code: problemCode, isReplay, lambdaRequestId });
    const untilEnd = deadlineIn(context.getRemainingTimeInMillis(), systemClock, RESPONSE_MS);
    await write({ ...entryOf(route, event), ...result }, untilEnd);
  };
  return { after, onError: after };
}

/** Failures after which the write may have taken effect. `internal` is a bug of ours, which may come after the call. */
const ambiguous: ReadonlySet<string> = new Set(["outcome_unknown", "internal"]);

function outcomeOf(status: number, code: string | undefined): AuditEntry["outcome"] {
  if (status < 400) return "succeeded";
  if (code === undefined || ambiguous.has(code)) return "unknown";
  return status < 500 ? "rejected" : "failed";
}
