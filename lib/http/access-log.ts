import { createHash } from "node:crypto";
import type { Route } from "../contract/route.ts";
import type { Clock } from "../platform/clock.ts";
import type { Metrics } from "../platform/metrics.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import { type EdgeRequest, invocationOf, type Middleware } from "./invocation.ts";

let isColdStart = true;

/** One log line per invocation (operation, hashed caller, outcome), and its metrics. */
export function accessLog(route: Route, clock: Clock, metrics: Metrics): Middleware {
  function write({ event, context, response }: EdgeRequest): void {
    const { log, startedAt, caller, problemCode } = invocationOf(event);
    const status = response?.statusCode ?? 500;
    const durationMs = clock.now() - startedAt;
    const fields = omitUndefined({
      operation: route.operationId,
      method: route.method,
      route: route.path,
      status,
      durationMs,
      coldStart: isColdStart,
      code: problemCode,
      caller: caller && shortHash(caller.subject),
      accountId: caller?.accountId,
      lambdaRequestId: context.awsRequestId,
    });
    isColdStart = false;
    log[status >= 500 ? faultLevel(problemCode) : "info"]("request", fields);
    const dimensions = { Route: route.operationId };
    metrics.count("RequestCount", 1, dimensions);
    metrics.count("RequestFaults", status >= 500 ? 1 : 0, dimensions);
    metrics.record("RequestDurationMs", durationMs, "Milliseconds", dimensions);
    if (problemCode !== undefined) metrics.count("Problems", 1, { Code: problemCode });
    if (problemCode === "upstream_app_permission_missing") metrics.count("AppPermissionMissing");
    metrics.flush();
  }
  return { after: write, onError: write };
}

/** The log level of a 5xx response. A spent budget is RingCentral's rule at work, not a fault: it has its own alarm. */
export const faultLevel = (code: string | undefined) => (code === "upstream_rate_limited" ? "warn" : "error");

const shortHash = (text: string) => createHash("sha256").update(text).digest("base64url").slice(0, 12);
