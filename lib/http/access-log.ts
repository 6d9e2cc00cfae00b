import { createHash } from "node:crypto";
import type { Route } from "../contract/route.ts";
import type { Clock } from "../platform/clock.ts";
import { type EdgeRequest, invocationOf, type Middleware } from "./invocation.ts";

let isColdStart = true;

/** One line an invocation: what was asked, by whom (hashed), what came of it. */
export function accessLog(route: Route, { clock }: { clock: Clock }): Middleware {
  function write({ event, context, response }: EdgeRequest): void {
    const { log, startedAt, caller, problemCode } = invocationOf(event);
    const status = response?.statusCode ?? 500;
    const fields = {
      operation: route.operationId,
      method: route.method,
      route: route.path,
      status,
      durationMs: clock.now() - startedAt,
      coldStart: isColdStart,
      ...(problemCode !== undefined && { code: problemCode }),
      ...(caller && { caller: shortHash(caller.subject), accountId: caller.accountId }),
      lambdaRequestId: context.awsRequestId,
    };
    isColdStart = false;
    if (status >= 500) log.error("request", fields);
    else log.info("request", fields);
  }
  return { after: write, onError: write };
}

const shortHash = (text: string) => createHash("sha256").update(text).digest("base64url").slice(0, 12);
