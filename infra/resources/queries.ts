import type { Stack } from "./stack.ts";

/** The queries of docs/operations.md and the runbooks, saved in Logs Insights, where they are needed at night. */
const saved = {
  OneCallQuery: {
    name: "one call, by any of its ids",
    lines: [
      "fields @timestamp, message, operation, status, code, durationMs, attempt, rcRequestId",
      '| filter requestId = "ID" or gatewayRequestId = "ID" or lambdaRequestId = "ID" or rcRequestId = "ID"',
      "| sort @timestamp",
    ],
  },
  FaultsQuery: {
    name: "5xx responses by code",
    lines: [
      'filter message = "request" and status >= 500',
      "| stats count() as responses by code, operation",
      "| sort responses desc",
    ],
  },
  UpstreamQuery: {
    name: "calls to RingCentral",
    lines: [
      "filter message like /^ringcentral call/",
      "| stats count() as calls, pct(durationMs, 50) as p50, pct(durationMs, 99) as p99 by operation, status, errorCode",
      "| sort calls desc",
    ],
  },
  CallersQuery: {
    name: "who calls most",
    lines: [
      'filter message = "request"',
      "| stats count() as calls by caller, operation, status",
      "| sort calls desc",
    ],
  },
};

export function queries(stack: Stack) {
  const groups = stack.functions.map(({ name }) => `/aws/lambda/${name}`);
  const resources = Object.entries(saved).map(([logicalId, { name, lines }]) => [
    logicalId,
    {
      Type: "AWS::Logs::QueryDefinition",
      Properties: { Name: `${stack.name}/${name}`, LogGroupNames: groups, QueryString: lines.join("\n") },
    },
  ]);
  return { Resources: Object.fromEntries(resources) };
}
