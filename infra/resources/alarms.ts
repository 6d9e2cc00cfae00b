import { ownArn, resource } from "./cloudformation.ts";
import type { Stack, StackFunction } from "./stack.ts";

/** One alarm of the service. Its text says what is wrong and names its page in docs/runbooks. */
interface AlarmDeclaration {
  /** The end of the alarm's name, and the beginning of its logical id. */
  name: string;
  logicalId?: string;
  /** The page's name. Absent: the alarm's. */
  runbook?: string;
  /** One sentence for the person on call. */
  meaning: string;
  /** The metric, its statistic and period. */
  watches: object;
  /** The threshold: breached at this value, or only above it. */
  from?: number;
  above?: number;
  /** The number of breaching periods out of the evaluated ones. Absent: 1 of 1. */
  outOf?: readonly [breaching: number, of: number];
}

/** A metric of AWS. The alarm adds the statistic. */
const metric = (Namespace: string, MetricName: string, dimensions: object, Period: number) => {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  return { Namespace, MetricName, Dimensions, Period };
};
const api = { ApiId: { Ref: "HttpApi" } };

function sumOf(Id: string, { Period, ...Metric }: ReturnType<typeof metric>) {
  return { Id, MetricStat: { Metric, Stat: "Sum", Period }, ReturnData: false };
}

/** Alarms about the service to callers. */
function apiAlarms({ number, text }: Stack): AlarmDeclaration[] {
  const [latencyMs, requestsPerHour] = [number("latencyMs"), number("requestsPerHour")];
  const namespace = text("metricsNamespace");
  const limited = metric(namespace, "Problems", { Code: "upstream_limited_mode" }, 60);
  return [
    {
      name: "api-faults",
      meaning:
        "More than 5 % of the API's responses were 5xx for 3 of the last 5 minutes, those of RingCentral's limited mode not counted.",
      watches: {
        Metrics: [
          {
            Id: "ratio",
            Expression: "IF(calls >= 20, 100 * (faults - FILL(limited, 0)) / calls, 0)",
            Label: "5xx responses, per cent",
          },
          sumOf("faults", metric("AWS/ApiGateway", "5xx", api, 60)),
          sumOf("calls", metric("AWS/ApiGateway", "Count", api, 60)),
          sumOf("limited", limited),
        ],
      },
      above: 5,
      outOf: [3, 5],
    },
    {
      name: "api-latency",
      meaning: `One call in a hundred took more than ${latencyMs} ms for 3 of the last 5 minutes.`,
      watches: {
        ...metric("AWS/ApiGateway", "Latency", api, 60),
        ExtendedStatistic: "p99",
        // With a handful of calls the p99 is the slowest one, which means nothing.
        EvaluateLowSampleCountPercentile: "ignore",
      },
      above: latencyMs,
      outOf: [3, 5],
    },
    {
      name: "cost-guard",
      runbook: "cost",
      meaning: `More than ${requestsPerHour} calls reached the API within an hour.`,
      watches: { ...metric("AWS/ApiGateway", "Count", api, 3600), Statistic: "Sum" },
      from: requestsPerHour,
    },
  ];
}

/** Alarms on the service's own metrics (lib/platform/metrics.ts), over all values of their dimensions. */
function ownAlarms({ text, number }: Stack): AlarmDeclaration[] {
  const syncLateSeconds = number("syncLateSeconds");
  const own = (MetricName: string, Statistic: string, Period = 300) => {
    return { Namespace: text("metricsNamespace"), MetricName, Statistic, Period };
  };
  return [
    {
      name: "upstream-paused",
      meaning: "RingCentral made us pause for 5 of the last 10 minutes. Callers get 503 meanwhile.",
      watches: own("UpstreamPausedMs", "Sum", 600),
      from: 300_000,
    },
    {
      name: "token-failures",
      meaning: "RingCentral rejected 3 requests for an access token within 5 minutes.",
      watches: own("TokenFailures", "Sum"),
      from: 3,
    },
    {
      name: "app-permission-missing",
      meaning: "RingCentral says that our app lacks a permission (CMN-401). Some routes cannot work.",
      watches: own("AppPermissionMissing", "Sum"),
      from: 1,
    },
    {
      name: "rate-limiter-degraded",
      runbook: "table-unavailable",
      meaning:
        "Functions could not reach the table and used the fallback limiter: a fixed share of RingCentral's budgets each.",
      watches: own("RateLimiterDegraded", "Sum"),
      from: 3,
    },
    {
      name: "sync-late",
      meaning: `The snapshot of an account's phone numbers is older than ${Math.round(syncLateSeconds / 60)} minutes.`,
      watches: own("SyncAgeSeconds", "Maximum"),
      from: syncLateSeconds,
      outOf: [2, 3],
    },
    {
      name: "sync-quarantined",
      meaning: "A sync would remove too many numbers at once, so it waits for an operator's confirmation.",
      watches: own("SyncQuarantined", "Maximum"),
      from: 1,
    },
  ];
}

function deadLetterAlarms({ name: stack }: Stack): AlarmDeclaration[] {
  const meanings = {
    "sync-dead": "A message for the sync failed 5 times and is in the dead-letter queue.",
    "scheduled-dead": "A scheduled call could not be delivered, or failed after all retries.",
  };
  return Object.entries(meanings).map(([queue, meaning]) => {
    const dimensions = { QueueName: `${stack}-${queue}` };
    const messages = metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", dimensions, 300);
    const watches = { ...messages, Statistic: "Maximum" };
    return { name: `${queue}-letters`, runbook: "dead-letters", meaning, watches, from: 1 };
  });
}

/** The alarms that, besides the function's own, roll back the deployment of any function. */
export const rollbackAlarms = ["ApiFaultsAlarm", "ApiLatencyAlarm"];

/** The logical id of the alarm on one function's crashes. */
export const functionAlarm = (logicalName: string) => `${logicalName}CrashesAlarm`;

/**
 * Errors that Lambda itself sees: a crash, a timeout, a bundle that does not load. A handler's 5xx response is none.
 * They are counted at the alias, so for the old and the new version alike.
 */
function crashes({ key, name, logicalName }: StackFunction): AlarmDeclaration {
  const alias = { FunctionName: name, Resource: `${name}:live` };
  return {
    name: `crashes-${key}`,
    logicalId: functionAlarm(logicalName),
    runbook: "function-crashes",
    meaning: `The function ${key} crashed or ran out of time twice within a minute.`,
    watches: { ...metric("AWS/Lambda", "Errors", alias, 60), Statistic: "Sum" },
    from: 2,
  };
}

const allAlarms = (stack: Stack) => [
  ...apiAlarms(stack),
  ...ownAlarms(stack),
  ...deadLetterAlarms(stack),
  ...stack.functions.map(crashes),
];

export const alarmArns = (stack: Stack) =>
  allAlarms(stack).map(({ name }) => ownArn("cloudwatch", `alarm:${stack.name}-${name}`));

export function alarms(stack: Stack) {
  const resources = allAlarms(stack).map((declaration) => [
    declaration.logicalId ?? logicalIdOf(declaration.name),
    alarm(stack, declaration),
  ]);
  return { Resources: Object.fromEntries(resources) };
}

/** `ApiFaultsAlarm` is the logical id of `api-faults`. */
const logicalIdOf = (name: string) =>
  `${name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())}Alarm`;

function alarm({ name: stack, text }: Stack, declaration: AlarmDeclaration) {
  const { name, meaning, runbook = name, watches, above, from = above, outOf = [1, 1] } = declaration;
  const [DatapointsToAlarm, EvaluationPeriods] = outOf;
  return resource("AWS::CloudWatch::Alarm", {
    AlarmName: `${stack}-${name}`,
    AlarmDescription: `${meaning} What to do: ${text("runbooks")}/${runbook}.md`,
    ...watches,
    Threshold: from,
    ComparisonOperator: above === undefined ? "GreaterThanOrEqualToThreshold" : "GreaterThanThreshold",
    EvaluationPeriods,
    DatapointsToAlarm,
    TreatMissingData: "notBreaching",
    AlarmActions: [{ Ref: "AlarmTopic" }],
    OKActions: [{ Ref: "AlarmTopic" }],
  });
}
