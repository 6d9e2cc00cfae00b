import { alarmArns } from "./alarms.ts";
import { resource, sub } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

/**
 * Every alarm at the top; below, the graphs that the runbooks refer to, from the callers to RingCentral and the
 * storage.
 */
export function dashboard(stack: Stack) {
  const alarmStates = { type: "alarm", properties: { title: "Alarms", alarms: alarmArns(stack) } };
  const rows = [[alarmStates], ...graphs(stack)];
  const body = sub(JSON.stringify({ widgets: rows.flatMap(place) }));
  const url = `https://\${AWS::Region}.console.aws.amazon.com/cloudwatch/home#dashboards:name=${stack.name}`;
  return {
    Resources: {
      Dashboard: resource("AWS::CloudWatch::Dashboard", { DashboardName: stack.name, DashboardBody: body }),
    },
    Outputs: { DashboardUrl: { Description: "The service at a glance", Value: sub(url) } },
  };
}

/** The columns of one row, 24 units wide in all. */
function place(widgets: readonly object[], row: number) {
  const width = 24 / widgets.length;
  const [y, height] = row === 0 ? [0, 4] : [6 * row - 2, 6];
  return widgets.map((widget, column) => ({ x: column * width, y, width, height, ...widget }));
}

const graph = (title: string, metrics: readonly unknown[][], more: object = {}) => ({
  type: "metric",
  properties: {
    title,
    region: "${AWS::Region}",
    view: "timeSeries",
    period: 60,
    stat: "Sum",
    metrics,
    ...more,
  },
});

/** One line for each value of a dimension, including values that appear later. */
const each = (schema: string, metric: string, stat: string) => [
  { expression: `SEARCH('{${schema}} MetricName="${metric}"', '${stat}', 60)` },
];

/** The rows below the alarms: callers, RingCentral, and the service's own parts. */
function graphs({ name, functions, text }: Stack): object[][] {
  const namespace = text("metricsNamespace");
  const own = (metric: string, ...options: object[]) => [namespace, metric, ...options];
  const ownAll = (...metrics: string[]) => metrics.map((metric) => own(metric));
  const byRoute = (metric: string) => [each(`${namespace},Route`, metric, "Sum")];
  const concurrency = ["AWS/Lambda", "ConcurrentExecutions", "FunctionName"];
  const running = functions.map(({ key, name }) => [...concurrency, name, { label: key }]);
  const capacity = ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"];
  const units = capacity.map((metric) => ["AWS/DynamoDB", metric, "TableName", name]);
  const latency = ["AWS/ApiGateway", "Latency", "ApiId", "${HttpApi}"];
  return [
    [
      graph("Calls by route", byRoute("RequestCount"), { stacked: true }),
      graph("5xx by route", byRoute("RequestFaults"), { stacked: true }),
      graph("Response times, ms", [
        own("RequestDurationMs", { stat: "p50", label: "p50 in the function" }),
        ["...", { stat: "p99", label: "p99 in the function" }],
        [...latency, { stat: "p99", label: "p99 at the gateway" }],
      ]),
    ],
    [
      graph("Calls to RingCentral by usage plan group", [
        each(`${namespace},Group`, "UpstreamCalls", "Sum"),
        own("ExternalUsage", { label: "calls of other clients on our budget" }),
      ]),
      graph("429s and pauses", [
        own("UpstreamRateLimited", { label: "429s" }),
        own("UpstreamPausedMs", { label: "pause, ms", yAxis: "right" }),
      ]),
      graph("Token requests (5 a minute allowed)", [
        ...ownAll("TokenRequests", "TokenFailures", "AppPermissionMissing"),
        own("CredentialsRejected", { stat: "Maximum" }),
      ]),
    ],
    [
      graph("Reads served from the cache", ownAll("CacheHits", "CacheStale", "CacheMisses"), {
        stacked: true,
      }),
      graph("Sync", [
        own("SyncAgeSeconds", { stat: "Maximum", label: "age of the oldest snapshot, s" }),
        own("AccountsQuarantined", { stat: "Maximum", yAxis: "right" }),
        own("AccountsNeverSynced", { stat: "Maximum", yAxis: "right" }),
      ]),
      graph("Problems by code, and limited mode", [
        each(`${namespace},Code`, "Problems", "Sum"),
        own("UpstreamLimitedMode", { label: "calls rejected in RingCentral's limited mode", yAxis: "right" }),
      ]),
    ],
    [
      graph("Functions running at once", running, { stat: "Maximum", stacked: true }),
      graph("Table: capacity units", units),
      graph("Jobs that succeeded", [each(`${namespace},Job`, "JobSuccesses", "Sum")]),
    ],
  ];
}
