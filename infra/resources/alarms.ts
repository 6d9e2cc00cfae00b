import { ownArn } from "./cloudformation.ts";
import type { Stack, StackFunction } from "./stack.ts";

/** One alarm of the service. Its text says what is wrong and names its page in docs/runbooks. */
interface AlarmDeclaration {
  /** The end of the alarm's name. */
  name: string;
  /** The page's name. */
  runbook: string;
  /** One sentence for the person it wakes up. */
  meaning: string;
  /** The metric, its statistic and period. */
  watches: object;
  threshold: number;
  /** Absent: at or above. */
  comparison?: "GreaterThanThreshold";
  /** Breaching periods out of all looked at. Absent: 1 of 1. */
  outOf?: readonly [breaching: number, of: number];
}

const api = { Name: "ApiId", Value: { Ref: "HttpApi" } };

/** Our own metrics (lib/platform/metrics.ts), over all values of their dimensions. */
const ownMetric = ({ text }: Stack, MetricName: string, Statistic: string, Period: number) => ({
  Namespace: text("metricsNamespace"),
  MetricName,
  Statistic,
  Period,
});

/** Whether callers are served. By logical id, as the others. */
function apiAlarms({ number }: Stack): Record<string, AlarmDeclaration> {
  const [latencyMs, requestsPerHour] = [number("latencyMs"), number("requestsPerHour")];
  return {
    ApiFaultsAlarm: {
      name: "api-faults",
      runbook: "api-faults",
      meaning: "More than 5 % of the API's responses were 5xx for 3 of the last 5 minutes.",
      watches: {
        Metrics: [
          {
            Id: "ratio",
            Expression: "IF(calls >= 20, 100 * faults / calls, 0)",
            Label: "5xx responses, per cent",
          },
          gatewayMetric("faults", "5xx"),
          gatewayMetric("calls", "Count"),
        ],
      },
      threshold: 5,
      comparison: "GreaterThanThreshold",
      outOf: [3, 5],
    },
    ApiLatencyAlarm: {
      name: "api-latency",
      runbook: "api-latency",
      meaning: `One call in a hundred took more than ${latencyMs} ms for 3 of the last 5 minutes.`,
      watches: {
        Namespace: "AWS/ApiGateway",
        MetricName: "Latency",
        Dimensions: [api],
        ExtendedStatistic: "p99",
        Period: 60,
        // With a handful of calls the slowest one is the p99: then it says nothing.
        EvaluateLowSampleCountPercentile: "ignore",
      },
      threshold: latencyMs,
      comparison: "GreaterThanThreshold",
      outOf: [3, 5],
    },
    CostGuardAlarm: {
      name: "cost-guard",
      runbook: "cost",
      meaning: `More than ${requestsPerHour} calls reached the API within an hour.`,
      watches: {
        Namespace: "AWS/ApiGateway",
        MetricName: "Count",
        Dimensions: [api],
        Statistic: "Sum",
        Period: 3600,
      },
      threshold: requestsPerHour,
    },
  };
}

/** What RingCentral, and the table, make of our calls. */
function upstreamAlarms(stack: Stack): Record<string, AlarmDeclaration> {
  return {
    UpstreamPausedAlarm: {
      name: "upstream-paused",
      runbook: "upstream-paused",
      meaning: "RingCentral made us pause for 5 of the last 10 minutes. Callers get 503 meanwhile.",
      watches: ownMetric(stack, "UpstreamPausedMs", "Sum", 600),
      threshold: 300_000,
    },
    TokenFailuresAlarm: {
      name: "token-failures",
      runbook: "token-failures",
      meaning: "RingCentral rejected 3 requests for an access token within 5 minutes.",
      watches: ownMetric(stack, "TokenFailures", "Sum", 300),
      threshold: 3,
    },
    AppPermissionMissingAlarm: {
      name: "app-permission-missing",
      runbook: "app-permission-missing",
      meaning: "RingCentral says that our app lacks a permission (CMN-401). Some routes cannot work.",
      watches: ownMetric(stack, "AppPermissionMissing", "Sum", 300),
      threshold: 1,
    },
    RateLimiterDegradedAlarm: {
      name: "rate-limiter-degraded",
      runbook: "table-unavailable",
      meaning:
        "Functions could not reach the table and used the fallback limiter: a fixed share of RingCentral's budgets each.",
      watches: ownMetric(stack, "RateLimiterDegraded", "Sum", 300),
      threshold: 3,
    },
  };
}

function backgroundAlarms(stack: Stack): Record<string, AlarmDeclaration> {
  const syncLateSeconds = stack.number("syncLateSeconds");
  return {
    SyncLateAlarm: {
      name: "sync-late",
      runbook: "sync-late",
      meaning: `The snapshot of an account's phone numbers is older than ${Math.round(syncLateSeconds / 60)} minutes.`,
      watches: ownMetric(stack, "SyncAgeSeconds", "Maximum", 300),
      threshold: syncLateSeconds,
      outOf: [2, 3],
    },
    SyncQuarantinedAlarm: {
      name: "sync-quarantined",
      runbook: "sync-quarantined",
      meaning: "A sync would remove too many numbers at once, so it waits for an operator's confirmation.",
      watches: ownMetric(stack, "SyncQuarantined", "Maximum", 300),
      threshold: 1,
    },
    SyncDeadLettersAlarm: {
      name: "sync-dead-letters",
      runbook: "dead-letters",
      meaning: "A message for the sync failed 5 times and is in the dead-letter queue.",
      watches: messagesIn(`${stack.name}-sync-dead`),
      threshold: 1,
    },
    ScheduledDeadLettersAlarm: {
      name: "scheduled-dead-letters",
      runbook: "dead-letters",
      meaning: "A scheduled call could not be delivered, or failed after all retries.",
      watches: messagesIn(`${stack.name}-scheduled-dead`),
      threshold: 1,
    },
  };
}

function messagesIn(queue: string) {
  return {
    Namespace: "AWS/SQS",
    MetricName: "ApproximateNumberOfMessagesVisible",
    Dimensions: [{ Name: "QueueName", Value: queue }],
    Statistic: "Maximum",
    Period: 300,
  };
}

function gatewayMetric(Id: string, MetricName: string) {
  return {
    Id,
    MetricStat: {
      Metric: { Namespace: "AWS/ApiGateway", MetricName, Dimensions: [api] },
      Stat: "Sum",
      Period: 60,
    },
    ReturnData: false,
  };
}

/** Those that, besides its own, undo the deployment of any function. */
export const rollbackAlarms = ["ApiFaultsAlarm", "ApiLatencyAlarm"];

/** The logical id of the alarm on one function's crashes. */
export const functionAlarm = (logicalName: string) => `${logicalName}CrashesAlarm`;

/**
 * Errors that Lambda itself sees: a crash, a timeout, a bundle that does not load. A 5xx response of a
 * handler is none of them. They are counted at the alias, so of the old and the new version alike.
 */
function crashes({ key, name }: StackFunction): AlarmDeclaration {
  return {
    name: `crashes-${key}`,
    runbook: "function-crashes",
    meaning: `The function ${key} crashed or ran out of time twice within a minute.`,
    watches: {
      Namespace: "AWS/Lambda",
      MetricName: "Errors",
      Dimensions: [
        { Name: "FunctionName", Value: name },
        { Name: "Resource", Value: `${name}:live` },
      ],
      Statistic: "Sum",
      Period: 60,
    },
    threshold: 2,
  };
}

function allAlarms(stack: Stack): [logicalId: string, AlarmDeclaration][] {
  return [
    ...Object.entries({ ...apiAlarms(stack), ...upstreamAlarms(stack), ...backgroundAlarms(stack) }),
    ...stack.functions.map((definition): [string, AlarmDeclaration] => [
      functionAlarm(definition.logicalName),
      crashes(definition),
    ]),
  ];
}

export const alarmArns = (stack: Stack) =>
  allAlarms(stack).map(([, { name }]) => ownArn("cloudwatch", `alarm:${stack.name}-${name}`));

export function alarms(stack: Stack) {
  const resources = allAlarms(stack).map(([logicalId, declaration]) => [
    logicalId,
    alarm(stack, declaration),
  ]);
  return { Resources: Object.fromEntries(resources) };
}

function alarm({ name: stack, text }: Stack, declaration: AlarmDeclaration) {
  const { name, meaning, runbook, watches, threshold, comparison, outOf = [1, 1] } = declaration;
  const [DatapointsToAlarm, EvaluationPeriods] = outOf;
  return {
    Type: "AWS::CloudWatch::Alarm",
    Properties: {
      AlarmName: `${stack}-${name}`,
      AlarmDescription: `${meaning} What to do: ${text("runbooks")}/${runbook}.md`,
      ...watches,
      Threshold: threshold,
      ComparisonOperator: comparison ?? "GreaterThanOrEqualToThreshold",
      EvaluationPeriods,
      DatapointsToAlarm,
      TreatMissingData: "notBreaching",
      AlarmActions: [{ Ref: "AlarmTopic" }],
      OKActions: [{ Ref: "AlarmTopic" }],
    },
  };
}
