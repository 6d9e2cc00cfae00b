// @ts-check
import { alarmArns } from "./alarms.js";
import { serviceFunctions, stackName, text } from "./service-functions.js";

/**
 * What an operator looks at, from the outside in: are callers served, what does RingCentral make of us, are our own
 * parts well. Every alarm stands at the top, every graph below belongs to a runbook.
 * @param {import("./service-functions.js").Variables} variables
 */
export async function dashboard(variables) {
  const stack = await stackName(variables);
  const namespace = await text(variables, "metricsNamespace");
  const rows = [
    [alarmStates(await alarmArns(variables))],
    [callsByRoute(namespace), faultsByRoute(namespace), answerTimes(namespace)],
    [upstreamCalls(namespace), upstreamPauses(namespace), tokens(namespace)],
    [cache(namespace), sync(namespace), problems(namespace)],
    [running(await serviceFunctions(variables)), table(stack)],
  ];
  return {
    Resources: {
      Dashboard: {
        Type: "AWS::CloudWatch::Dashboard",
        Properties: {
          DashboardName: stack,
          DashboardBody: { "Fn::Sub": JSON.stringify({ widgets: rows.flatMap(place) }) },
        },
      },
    },
    Outputs: {
      DashboardUrl: {
        Description: "The service at a glance",
        Value: {
          "Fn::Sub": `https://\${AWS::Region}.console.aws.amazon.com/cloudwatch/home#dashboards:name=${stack}`,
        },
      },
    },
  };
}

/** The columns of one row, 24 units wide in all. @param {object[]} widgets @param {number} row */
function place(widgets, row) {
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

/** @param {string[]} arns */
const alarmStates = (arns) => ({ type: "alarm", properties: { title: "Alarms", alarms: arns } });

/** @param {string} title @param {unknown[][]} metrics @param {object} [more] */
const graph = (title, metrics, more = {}) => ({
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
/** @param {string} schema namespace and dimensions @param {string} metric @param {string} stat */
const each = (schema, metric, stat) => [
  { expression: `SEARCH('{${schema}} MetricName="${metric}"', '${stat}', 60)` },
];

/** @param {string} namespace */
const callsByRoute = (namespace) =>
  graph("Calls by route", [each(`${namespace},Route`, "RequestCount", "Sum")], { stacked: true });

/** @param {string} namespace */
const faultsByRoute = (namespace) =>
  graph("5xx by route", [each(`${namespace},Route`, "RequestFaults", "Sum")], { stacked: true });

/** @param {string} namespace */
const answerTimes = (namespace) =>
  graph("Answer times, ms", [
    [namespace, "RequestDurationMs", { stat: "p50", label: "p50 in the function" }],
    ["...", { stat: "p99", label: "p99 in the function" }],
    ["AWS/ApiGateway", "Latency", "ApiId", "${HttpApi}", { stat: "p99", label: "p99 at the gateway" }],
  ]);

/** @param {string} namespace */
const upstreamCalls = (namespace) =>
  graph("Calls to RingCentral by usage plan group", [
    each(`${namespace},Group`, "UpstreamCalls", "Sum"),
    [namespace, "ExternalUsage", { label: "calls of other clients on our budget" }],
  ]);

/** @param {string} namespace */
const upstreamPauses = (namespace) =>
  graph("429s and pauses", [
    [namespace, "UpstreamRateLimited", { label: "429s" }],
    [namespace, "UpstreamPausedMs", { label: "pause, ms", yAxis: "right" }],
  ]);

/** @param {string} namespace */
const tokens = (namespace) =>
  graph("Token requests (5 a minute allowed)", [
    [namespace, "TokenRequests"],
    [namespace, "TokenFailures"],
    [namespace, "AppPermissionMissing"],
  ]);

/** @param {string} namespace */
const cache = (namespace) =>
  graph(
    "Reads answered from the cache",
    [
      [namespace, "CacheHits"],
      [namespace, "CacheStale"],
      [namespace, "CacheMisses"],
    ],
    { stacked: true },
  );

/** @param {string} namespace */
const sync = (namespace) =>
  graph("Sync", [
    [namespace, "SyncAgeSeconds", { stat: "Maximum", label: "age of the oldest snapshot, s" }],
    [namespace, "SyncQuarantined", { stat: "Maximum", yAxis: "right" }],
  ]);

/** @param {{ key: string, name: string }[]} definitions */
const running = (definitions) =>
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

/** @param {string} stack */
const table = (stack) =>
  graph("Table: capacity units", [
    ["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", stack],
    ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", stack],
  ]);

/** @param {string} namespace */
const problems = (namespace) => graph("Problems by code", [each(`${namespace},Code`, "Problems", "Sum")]);
