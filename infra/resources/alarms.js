// @ts-check
import { number, serviceFunctions, stackName, text } from "./service-functions.js";

/**
 * One alarm of the service. Its text says what is wrong and names its page in docs/runbooks.
 * @typedef {object} AlarmDeclaration
 * @property {string} name the end of the alarm's name
 * @property {string} runbook the page's name
 * @property {string} meaning one sentence for whoever is woken up by it
 * @property {object} watches the metric, its statistic and period
 * @property {number} threshold
 * @property {"GreaterThanThreshold" | "GreaterThanOrEqualToThreshold"} [comparison] default: at or above
 * @property {[number, number]} [outOf] so many periods of so many; default 1 of 1
 * @property {"notBreaching" | "breaching"} [withoutData] default: notBreaching
 */

const api = { Name: "ApiId", Value: { Ref: "HttpApi" } };

/**
 * @param {string} namespace @param {string} stack
 * @param {Record<string, number>} limits those that differ by stage
 * @returns {Record<string, AlarmDeclaration>} by logical id
 */
function declarations(namespace, stack, { requestsPerHour = 0, latencyMs = 0, syncLateSeconds = 0 }) {
  /** Our own metrics (lib/platform/metrics.ts), over all values of their dimensions. */
  /** @param {string} MetricName @param {string} Statistic @param {number} Period seconds */
  const own = (MetricName, Statistic, Period) => ({ Namespace: namespace, MetricName, Statistic, Period });
  return {
    ApiFaultsAlarm: {
      name: "api-faults",
      runbook: "api-faults",
      meaning: "More than 5 % of the API's answers were 5xx for 3 of the last 5 minutes.",
      watches: {
        Metrics: [
          {
            Id: "ratio",
            Expression: "IF(calls >= 20, 100 * faults / calls, 0)",
            Label: "5xx answers, per cent",
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
    UpstreamPausedAlarm: {
      name: "upstream-paused",
      runbook: "upstream-paused",
      meaning: "RingCentral has made us pause for 5 of the last 10 minutes: callers get 503 meanwhile.",
      watches: own("UpstreamPausedMs", "Sum", 600),
      threshold: 300_000,
    },
    TokenFailuresAlarm: {
      name: "token-failures",
      runbook: "token-failures",
      meaning: "RingCentral refused to issue an access token 3 times within 5 minutes.",
      watches: own("TokenFailures", "Sum", 300),
      threshold: 3,
    },
    AppPermissionMissingAlarm: {
      name: "app-permission-missing",
      runbook: "app-permission-missing",
      meaning: "RingCentral says that our app lacks a permission (CMN-401): some routes cannot work at all.",
      watches: own("AppPermissionMissing", "Sum", 300),
      threshold: 1,
    },
    RateLimiterDegradedAlarm: {
      name: "rate-limiter-degraded",
      runbook: "table-unavailable",
      meaning: "Functions could not reach the table and went by their own share of RingCentral's budgets.",
      watches: own("RateLimiterDegraded", "Sum", 300),
      threshold: 3,
    },
    SyncLateAlarm: {
      name: "sync-late",
      runbook: "sync-late",
      meaning: `The snapshot of an account's phone numbers is older than ${Math.round(syncLateSeconds / 60)} minutes.`,
      watches: own("SyncAgeSeconds", "Maximum", 300),
      threshold: syncLateSeconds,
      outOf: [2, 3],
    },
    SyncQuarantinedAlarm: {
      name: "sync-quarantined",
      runbook: "sync-quarantined",
      meaning: "A sync would have removed so much that it waits for a person to look at it.",
      watches: own("SyncQuarantined", "Maximum", 300),
      threshold: 1,
    },
    SyncDeadLettersAlarm: {
      name: "sync-dead-letters",
      runbook: "dead-letters",
      meaning: "Work for the sync failed so often that it was set aside.",
      watches: messagesIn(`${stack}-sync-dead`),
      threshold: 1,
    },
    ScheduledDeadLettersAlarm: {
      name: "scheduled-dead-letters",
      runbook: "dead-letters",
      meaning: "A call by a schedule could not be delivered, or failed for good.",
      watches: messagesIn(`${stack}-scheduled-dead`),
      threshold: 1,
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

/** @param {string} queue */
function messagesIn(queue) {
  return {
    Namespace: "AWS/SQS",
    MetricName: "ApproximateNumberOfMessagesVisible",
    Dimensions: [{ Name: "QueueName", Value: queue }],
    Statistic: "Maximum",
    Period: 300,
  };
}

/** @param {string} Id @param {string} MetricName */
function gatewayMetric(Id, MetricName) {
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

/** The logical id of the alarm on one function's crashes. @param {{ logicalName: string }} definition */
export function functionAlarm({ logicalName }) {
  return `${logicalName}CrashesAlarm`;
}

/**
 * Errors that Lambda itself sees: a crash, a timeout, a bundle that does not load. What a handler answers as 5xx is
 * none of them. They are counted at the alias, so of the old and the new version alike.
 * @param {{ key: string, name: string }} definition
 * @returns {AlarmDeclaration}
 */
function crashes({ key, name }) {
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

/** @param {import("./service-functions.js").Variables} variables @returns {Promise<Record<string, AlarmDeclaration>>} */
async function allDeclarations(variables) {
  const functions = await serviceFunctions(variables);
  const namespace = await text(variables, "metricsNamespace");
  const shared = declarations(namespace, await stackName(variables), {
    requestsPerHour: await number(variables, "requestsPerHour"),
    latencyMs: await number(variables, "latencyMs"),
    syncLateSeconds: await number(variables, "syncLateSeconds"),
  });
  const own = functions.map((definition) => [functionAlarm(definition), crashes(definition)]);
  return { ...shared, ...Object.fromEntries(own) };
}

/** The full names of all alarms. @param {import("./service-functions.js").Variables} variables */
export async function alarmNames(variables) {
  const stack = await stackName(variables);
  return Object.values(await allDeclarations(variables)).map(({ name }) => `${stack}-${name}`);
}

/** @param {import("./service-functions.js").Variables} variables */
export async function alarmArns(variables) {
  const own = "${AWS::Region}:${AWS::AccountId}";
  return (await alarmNames(variables)).map(
    (name) => `arn:\${AWS::Partition}:cloudwatch:${own}:alarm:${name}`,
  );
}

/** @param {import("./service-functions.js").Variables} variables */
export async function alarms(variables) {
  const stack = await stackName(variables);
  const runbooks = await text(variables, "runbooks");
  const resources = Object.entries(await allDeclarations(variables)).map(([logicalId, declaration]) => [
    logicalId,
    alarm(stack, runbooks, declaration),
  ]);
  return { Resources: Object.fromEntries(resources) };
}

/** @param {string} stack @param {string} runbooks where the pages are @param {AlarmDeclaration} declaration */
function alarm(stack, runbooks, declaration) {
  const { name, meaning, runbook, watches, threshold, comparison, outOf = [1, 1], withoutData } = declaration;
  const [DatapointsToAlarm, EvaluationPeriods] = outOf;
  return {
    Type: "AWS::CloudWatch::Alarm",
    Properties: {
      AlarmName: `${stack}-${name}`,
      AlarmDescription: `${meaning} What to do: ${runbooks}/${runbook}.md`,
      ...watches,
      Threshold: threshold,
      ComparisonOperator: comparison ?? "GreaterThanOrEqualToThreshold",
      EvaluationPeriods,
      DatapointsToAlarm,
      TreatMissingData: withoutData ?? "notBreaching",
      AlarmActions: [{ Ref: "AlarmTopic" }],
      OKActions: [{ Ref: "AlarmTopic" }],
    },
  };
}
