import { createHash } from "node:crypto";
import type { Route } from "../contract/route.ts";
import type { Clock } from "../platform/clock.ts";
import type { Metrics } from "../platform/metrics.ts";
import { type EdgeRequest, invocationOf, type Middleware } from "./invocation.ts";

let isColdStart = true;

/** One log line per invocation (operation, hashed caller, outcome), and its metrics. */
export function accessLog(route: Route, { clock, metrics }: { clock: Clock; metrics: Metrics }): Middleware {
  function write({ event, context, response }: EdgeRequest): void {
    const { log, startedAt, caller, problemCode } = invocationOf(event);
    const status = response?.statusCode ?? 500;
    const durationMs = clock.now() - startedAt;
    const fields = {
      operation: route.operationId,
      method: route.method,
      route: route.path,
      status,
      durationMs,
      coldStart: isColdStart,
      ...(problemCode !== undefined && { code: problemCode }),
      ...(caller && { caller: shortHash(caller.subject), accountId: caller.accountId }),
      lambdaRequestId: context.awsRequestId,
    };
    isColdStart = false;
    if (status >= 500) log.error("request", fields);
    else log.info("request", fields);
    measure(metrics, route.operationId, { status, durationMs, problemCode });
  }
  return { after: write, onError: write };
}

function measure(
  metrics: Metrics,
  operationId: string,
  {
    status,
    durationMs,
    problemCode,
  }: { status: number; durationMs: number; problemCode?: string | undefined },
): void {
  const dimensions = { Route: operationId };
  metrics.count("RequestCount", 1, dimensions);
  metrics.count("RequestFaults", status >= 500 ? 1 : 0, dimensions);
  metrics.record("RequestDurationMs", durationMs, "Milliseconds", dimensions);
  if (problemCode !== undefined) metrics.count("Problems", 1, { Code: problemCode });
  if (problemCode === "upstream_app_permission_missing") metrics.count("AppPermissionMissing");
  metrics.flush();
}

const shortHash = (text: string) => createHash("sha256").update(text).digest("base64url").slice(0, 12);
