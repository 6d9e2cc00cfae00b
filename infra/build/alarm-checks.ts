import * as z from "zod/mini";
import { metricDimensions } from "../../lib/platform/metrics.ts";
import { publishedMetrics } from "./aws-metrics.ts";
import { type Resource, resourcesOf, type Template, textsOf } from "./template.ts";
import { metricsOfAlarm, metricsOfDashboards, type ReadMetric } from "./template-metrics.ts";

const Alarm = z.looseObject({
  AlarmName: z.string(),
  Threshold: z.number(),
  ComparisonOperator: z.string(),
  EvaluationPeriods: z.number(),
  DatapointsToAlarm: z.number(),
  TreatMissingData: z.string(),
});
const GameDay = z.object({ GameDay: z.string() });
const OwnNamespace = z.object({ Variables: z.looseObject({ METRICS_NAMESPACE: z.string() }) });

/**
 * Alarms and graphs that can show nothing: on metrics that neither the functions nor AWS send under that name and those
 * dimensions, or that cannot fire in their outage.
 * @returns a sentence for each violation
 */
export function findAlarmViolations(template: Template): string[] {
  const alarms = resourcesOf(template, "AWS::CloudWatch::Alarm");
  const namespaces = new Set(
    resourcesOf(template, "AWS::Lambda::Function").map(
      ([, { Properties }]) => OwnNamespace.parse(Properties.Environment).Variables.METRICS_NAMESPACE,
    ),
  );
  const read = [
    ...alarms.flatMap(([id, { Properties }]) => metricsOfAlarm(id, Properties)),
    ...metricsOfDashboards(template),
  ];
  return [
    ...read.flatMap((metric) => judgeMetric(metric, namespaces)),
    ...alarms.flatMap(([id, alarm]) => judgeAlarm(id, alarm)),
    ...findWithoutHeartbeat(template),
  ];
}

const setOf = (names: readonly string[]) => [...names].sort().join(", ");

function judgeMetric(
  { reader, namespace, name, dimensions, statistic }: ReadMetric,
  own: ReadonlySet<string>,
) {
  const asked = setOf(Object.keys(dimensions));
  const by = asked === "" ? "without dimensions" : `by ${asked}`;
  if (own.has(namespace)) {
    const declared = Object.entries(metricDimensions).find(([one]) => one === name)?.[1];
    if (declared === undefined) return [`${reader} reads ${name}, which no function prints`];
    // Each line has a total too.
    return asked === "" || asked === setOf(declared)
      ? []
      : [`${reader} reads ${name} ${by}, which is not printed`];
  }
  const published = publishedMetrics[namespace]?.find(({ metrics }) => name in metrics);
  if (published === undefined) return [`${reader} reads ${namespace} ${name}, which AWS does not publish`];
  const statistics = published.metrics[name] ?? [];
  return [
    ...(published.dimensions.some((names) => setOf(names) === asked)
      ? []
      : [`${reader} reads ${namespace} ${name} ${by}, which AWS does not publish`]),
    ...(statistics.includes(statistic)
      ? []
      : [`${reader} takes the ${statistic} of ${name}, which means nothing`]),
  ];
}

/** CloudWatch's limit for the evaluated periods of an alarm together, in seconds. */
const MAX_EVALUATED = 86_400;
/** Metrics that the schedule prints each quarter of an hour: a period without them says nothing. */
const STATES = ["SyncAgeSeconds", "AccountsNeverSynced", "AccountsQuarantined", "CredentialsRejected"];

function judgeAlarm(logicalId: string, { Properties, Metadata }: Resource): string[] {
  const parsed = Alarm.safeParse(Properties).data;
  if (parsed === undefined) return [`${logicalId} does not say when it fires`];
  const { ComparisonOperator, TreatMissingData, EvaluationPeriods, DatapointsToAlarm } = parsed;
  const names = metricsOfAlarm(logicalId, Properties).map(({ name }) => name);
  const expected = names.includes("JobSuccesses")
    ? "breaching"
    : names.some((name) => STATES.includes(name))
      ? "ignore"
      : "notBreaching";
  const isHeartbeat = expected === "breaching";
  return [
    ...(TreatMissingData === expected ? [] : [`${logicalId} must take missing data as ${expected}`]),
    ...(isHeartbeat === (ComparisonOperator === "LessThanThreshold")
      ? []
      : [`${logicalId} compares in the wrong direction: ${ComparisonOperator}`]),
    ...(DatapointsToAlarm <= EvaluationPeriods ? [] : [`${logicalId} needs more periods than it evaluates`]),
    ...(periodOf(Properties) * EvaluationPeriods <= MAX_EVALUATED
      ? []
      : [`${logicalId} evaluates more than ${MAX_EVALUATED} seconds, which CloudWatch rejects`]),
    ...(GameDay.safeParse(Metadata).success ? [] : [`${logicalId} has no game day`]),
  ];
}

/** The longest period that an alarm's metrics name. */
function periodOf(properties: object): number {
  const periods = JSON.stringify(properties).matchAll(/"Period":(\d+)/g);
  return Math.max(...[...periods].map(([, seconds]) => Number(seconds)));
}

/** Functions that a schedule or a queue calls: nobody notices when they no longer run. */
function findWithoutHeartbeat(template: Template): string[] {
  return resourcesOf(template, "AWS::Lambda::Function").flatMap(([logicalId, { Properties }]) => {
    const key = String(Properties.FunctionName).replace(/^.*-/, "");
    const callers = ["AWS::Lambda::EventSourceMapping", "AWS::Scheduler::Schedule"];
    const isJob = callers.some((type) => textsOf(template, type, `"${logicalId}"`).length > 0);
    const signs = ['"MetricName":"JobSuccesses"', `"Value":"${key}"`];
    const isWatched = textsOf(template, "AWS::CloudWatch::Alarm", ...signs).length > 0;
    return isJob && !isWatched ? [`no alarm notices that ${key} no longer runs`] : [];
  });
}

/** A table for people: what each alarm watches, and the outage in which its test makes it fire. */
export function gameDayTable(template: Template): Record<string, { watches: string; "game day": string }> {
  const rows = resourcesOf(template, "AWS::CloudWatch::Alarm").map(
    ([logicalId, { Properties, Metadata }]) => {
      // Functions have the same alarms.
      const name = String(Properties.AlarmName)
        .replace(/^[a-z]+-[^-]+-/, "")
        .replace(/^(crashes|throttled)-.*/, "$1-*");
      const metrics = metricsOfAlarm(logicalId, Properties).map((metric) => metric.name);
      const watches = [...new Set(metrics)].join(", ");
      return [name, { watches, "game day": GameDay.safeParse(Metadata).data?.GameDay ?? "" }] as const;
    },
  );
  return Object.fromEntries(rows);
}
