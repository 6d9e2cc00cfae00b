import { resource } from "./cloudformation.ts";
import { functionLogs } from "./logs.ts";
import type { Stack } from "./stack.ts";

/** The queries of docs/operations.md and the runbooks, saved in Logs Insights for the person on call. */
const saved: Record<string, [name: string, ...lines: string[]]> = {
  OneCallQuery: [
    "one call, by any of its ids",
    "fields @timestamp, message, operation, status, code, durationMs, attempt, rcRequestId",
    '| filter requestId = "ID" or gatewayRequestId = "ID" or lambdaRequestId = "ID" or rcRequestId = "ID"',
    "| sort @timestamp",
  ],
  FaultsQuery: [
    "5xx responses by code",
    'filter message = "request" and status >= 500',
    "| stats count() as responses by code, operation",
    "| sort responses desc",
  ],
  UpstreamQuery: [
    "calls to RingCentral",
    "filter message like /^ringcentral call/",
    "| stats count() as calls, pct(durationMs, 50) as p50, pct(durationMs, 99) as p99 by operation, status, errorCode",
    "| sort calls desc",
  ],
  AccountsQuery: [
    "accounts that need attention",
    'filter message = "account needs attention"',
    "| stats latest(age) as synced, latest(isLate) as late, latest(isQuarantined) as quarantined, latest(isRejected) as credentialsRejected by accountId",
    "| sort accountId",
  ],
  CallersQuery: [
    "who calls most",
    'filter message = "request"',
    "| stats count() as calls by caller, operation, status",
    "| sort calls desc",
  ],
};

export function queries(stack: Stack) {
  const resources = Object.entries(saved).map(([logicalId, [name, ...lines]]) => {
    const properties = { LogGroupNames: [functionLogs], QueryString: lines.join("\n") };
    return [
      logicalId,
      resource("AWS::Logs::QueryDefinition", { Name: `${stack.name}/${name}`, ...properties }),
    ];
  });
  return { Resources: Object.fromEntries(resources) };
}
