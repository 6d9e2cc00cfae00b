import { alarmArns } from "./alarms.ts";
import { sub } from "./cloudformation.ts";
import type { Stack, StackFunction } from "./stack.ts";

/**
 * What an operator looks at, from the outside in: are callers served, what does RingCentral make of us, are our own
 * parts well. Every alarm stands at the top, every graph below belongs to a runbook.
 */
export function dashboard(stack: Stack) {
  const namespace = stack.text("metricsNamespace");
  const rows = [
    [alarmStates(alarmArns(stack))],
    [callsByRoute(namespace), faultsByRoute(namespace), responseTimes(namespace)],
    [upstreamCalls(namespace), upstreamPauses(namespace), tokens(namespace)],
    [cache(namespace), sync(namespace), problems(namespace)],
    [running(stack.functions), table(stack.name)],
  ];
  return {
    Resources: {
      Dashboard: {
        Type: "AWS::CloudWatch::Dashboard",
        Properties: {
          DashboardName: stack.name,
          DashboardBody: sub(JSON.stringify({ widgets: rows.flatMap(place) })),
        },
      },
    },
    Outputs: {
      DashboardUrl: {
        Description: "The service at a glance",
        Value: sub(
          `https://\${AWS::Region}.console.aws.amazon.com/cloudwatch/home#dashboards:name=${stack.name}`,
        ),
      },
    },
  };
}

/** The columns of one row, 24 units wide in all. */
function place(widgets: readonly object[], row: number) {
  const width = 24 / widgets.length;
  const height = row === 0 ? 4 : 6;
  return widgets.map((widget, column) => ({
    x: column * width,
    y: row === 0 ? 0 : 4 + (row - 1) * 6,
    width,
    height,
    ...widget,
  }));
}

const alarmStates = (arns: readonly string[]) => ({
  type: "alarm",
  properties: { title: "Alarms", alarms: arns },
});

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

/** One line for each value of a dimension, also of values that come later. */
const each = (schema: string, metric: string, stat: string) => [
  { expression: `SEARCH('{${schema}} MetricName="${metric}"', '${stat}', 60)` },
];

const callsByRoute = (namespace: string) =>
  graph("Calls by route", [each(`${namespace},Route`, "RequestCount", "Sum")], { stacked: true });

const faultsByRoute = (namespace: string) =>
  graph("5xx by route", [each(`${namespace},Route`, "RequestFaults", "Sum")], { stacked: true });

const responseTimes = (namespace: string) =>
  graph("Response times, ms", [
    [namespace, "RequestDurationMs", { stat: "p50", label: "p50 in the function" }],
    ["...", { stat: "p99", label: "p99 in the function" }],
    ["AWS/ApiGateway", "Latency", "ApiId", "${HttpApi}", { stat: "p99", label: "p99 at the gateway" }],
  ]);

const upstreamCalls = (namespace: string) =>
  graph("Calls to RingCentral by usage plan group", [
    each(`${namespace},Group`, "UpstreamCalls", "Sum"),
    [namespace, "ExternalUsage", { label: "calls of other clients on our budget" }],
  ]);

const upstreamPauses = (namespace: string) =>
  graph("429s and pauses", [
    [namespace, "UpstreamRateLimited", { label: "429s" }],
    [namespace, "UpstreamPausedMs", { label: "pause, ms", yAxis: "right" }],
  ]);

const tokens = (namespace: string) =>
  graph("Token requests (5 a minute allowed)", [
    [namespace, "TokenRequests"],
    [namespace, "TokenFailures"],
    [namespace, "AppPermissionMissing"],
  ]);

const cache = (namespace: string) =>
  graph(
    "Reads served from the cache",
    [
      [namespace, "CacheHits"],
      [namespace, "CacheStale"],
      [namespace, "CacheMisses"],
    ],
    { stacked: true },
  );

const sync = (namespace: string) =>
  graph("Sync", [
    [namespace, "SyncAgeSeconds", { stat: "Maximum", label: "age of the oldest snapshot, s" }],
    [namespace, "SyncQuarantined", { stat: "Maximum", yAxis: "right" }],
  ]);

const running = (definitions: readonly StackFunction[]) =>
  graph(
    "Functions running at once",
    definitions.map(({ key, name }) => [
      "AWS/Lambda",
      "ConcurrentExecutions",
      "FunctionName",
      name,
      { label: key },
    ]),
    { stat: "Maximum", stacked: true },
  );

const table = (name: string) =>
  graph("Table: capacity units", [
    ["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", name],
    ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", name],
  ]);

const problems = (namespace: string) =>
  graph("Problems by code", [each(`${namespace},Code`, "Problems", "Sum")]);
