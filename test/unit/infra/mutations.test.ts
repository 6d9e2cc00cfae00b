import { beforeAll, describe, expect, test } from "vitest";
import { findAlarmViolations } from "../../../infra/build/alarm-checks.ts";
import { findGuardrailViolations } from "../../../infra/build/guardrails.ts";
import { findWildcards, policyStatements } from "../../../infra/build/policies.ts";
import { findPolicyViolations } from "../../../infra/build/policy-checks.ts";
import type { Template } from "../../../infra/build/template.ts";
import { findSchemaViolations } from "../../../infra/build/template-schema.ts";
import { packageService } from "./packaged-service.ts";

// Faults that a person could make in the template, one at a time: `npm run package` must reject each. What it rejects
// about a function's permissions is in iam-permissions.test.ts.

let template: Template;
beforeAll(() => {
  template = packageService({}, "prod").template;
});

const checks: readonly ((template: Template) => string[])[] = [
  findPolicyViolations,
  findAlarmViolations,
  findGuardrailViolations,
  (changed) => findWildcards(policyStatements(changed)),
  findSchemaViolations,
];

type Properties = Record<string, unknown>;
const propertiesOf = (changed: Template, logicalId: string): Properties => {
  const properties = changed.Resources[logicalId]?.Properties;
  if (properties === undefined) throw new Error(`the template has no ${logicalId}`);
  return properties;
};

const set = (logicalId: string, changes: Properties) => (changed: Template) =>
  Object.assign(propertiesOf(changed, logicalId), changes);
const drop = (logicalId: string, property: string) => (changed: Template) => {
  expect(propertiesOf(changed, logicalId)).toHaveProperty(property);
  delete propertiesOf(changed, logicalId)[property];
};
const remove = (logicalId: string) => (changed: Template) => {
  propertiesOf(changed, logicalId);
  delete changed.Resources[logicalId];
};
/** Replaces a text in a resource's JSON, once. */
const edit = (logicalId: string, text: string, by: string) => (changed: Template) => {
  const before = JSON.stringify(changed.Resources[logicalId]);
  const after = before.replace(text, by);
  expect(after, `${logicalId} has no ${text}`).not.toBe(before);
  changed.Resources[logicalId] = JSON.parse(after);
};
/** Removes the statement with this Sid from a policy. */
const dropStatement = (logicalId: string, policy: string, sid: string) => (changed: Template) => {
  const document = Object(propertiesOf(changed, logicalId)[policy]);
  const kept = document.Statement.filter(({ Sid }: { Sid?: string }) => Sid !== sid);
  expect(kept.length, sid).toBeLessThan(document.Statement.length);
  document.Statement = kept;
};

const mutations: Readonly<Record<string, (changed: Template) => unknown>> = {
  // Alarms and graphs.
  "a metric of ours is renamed": edit("UpstreamPausedAlarm", "UpstreamPausedMs", "UpstreamPauseMs"),
  "a metric of AWS is renamed": edit(
    "SyncQueueAgeAlarm",
    "ApproximateAgeOfOldestMessage",
    "AgeOfOldestMessage",
  ),
  "a metric's namespace is another stage's": edit("TokenFailuresAlarm", "Ringfront/prod", "Ringfront/dev"),
  "a dimension is swapped": edit("RunSyncSilentAlarm", '"Job"', '"Route"'),
  "a dimension of AWS is dropped": edit("TableErrorsAlarm", `,{"Name":"Operation","Value":"GetItem"}`, ""),
  "a graph searches another dimension set": edit(
    "Dashboard",
    "{Ringfront/prod,Group} ",
    "{Ringfront/prod,Group,Route} ",
  ),
  "a graph shows a metric that nothing prints": edit("Dashboard", "CacheStale", "CacheOld"),
  "a statistic means nothing": edit("SyncDeadLettersAlarm", '"Maximum"', '"SampleCount"'),
  "a heartbeat takes missing data as good": set("RunSyncSilentAlarm", { TreatMissingData: "notBreaching" }),
  "a heartbeat fires when the job runs": set("RunSyncSilentAlarm", {
    ComparisonOperator: "GreaterThanThreshold",
  }),
  "a heartbeat is removed": remove("QueueSyncsSilentAlarm"),
  "a state flaps between two measurements": set("SyncQuarantinedAlarm", { TreatMissingData: "notBreaching" }),
  "an alarm can never fire": set("SyncLateAlarm", { DatapointsToAlarm: 3 }),
  "an alarm has no threshold": drop("SyncLateAlarm", "Threshold"),
  "an alarm looks back longer than CloudWatch does": set("SyncLateAlarm", { EvaluationPeriods: 200 }),
  "an alarm tells nobody": drop("ApiFaultsAlarm", "AlarmActions"),
  "an alarm's actions are off": set("ApiFaultsAlarm", { ActionsEnabled: false }),
  "CloudWatch may not publish to the topic": dropStatement("AlarmTopicPolicy", "PolicyDocument", "Alarms"),
  "CloudWatch may not use the topic's key": dropStatement("OperationsKey", "KeyPolicy", "SendAlarms"),
  "an alarm has no game day": (changed) => delete changed.Resources.ApiFaultsAlarm?.Metadata,
  "the alarm on crashes of a function is removed": remove("ListBlockedNumbersCrashesAlarm"),
  "the alarm on a dead-letter queue is removed": remove("BusDeadLettersAlarm"),
  // Queues and failures.
  "a dead-letter queue is removed": remove("SyncDeadLetterQueue"),
  "a queue loses its dead-letter queue": drop("SyncQueue", "RedrivePolicy"),
  "a message is shown again too early": set("SyncQueue", { VisibilityTimeout: 120 }),
  "failed scheduled calls are dropped": remove("QueueSyncsOnFailure"),
  "an undelivered scheduled call is dropped": edit(
    "QueueSyncsSchedulerSchedule1",
    '"DeadLetterConfig"',
    '"Input"',
  ),
  "a schedule is switched off": set("QueueSyncsSchedulerSchedule1", { State: "DISABLED" }),
  "the worker gets no messages": set("RunSyncEventSourceMappingSQSSyncQueue", { Enabled: false }),
  // Encryption and retention.
  "the table expires nothing": edit("RecordsTable", '"expiresAt"', '"expires"'),
  "a function does not know the audit's group": edit(
    "AddBlockedNumberLambdaFunction",
    '"AUDIT_LOG_GROUP":{"Ref":"AuditLogs"}',
    '"AUDIT_LOG_GROUP":""',
  ),
  "the bus has no key of ours": drop("EventBus", "KmsKeyIdentifier"),
  "a queue has no key of ours": drop("ScheduleDeadLetterQueue", "KmsMasterKeyId"),
  "the topic has AWS's key": set("AlarmTopic", { KmsMasterKeyId: "alias/aws/sns" }),
  "the table has AWS's key": set("RecordsTable", { SSESpecification: { SSEEnabled: true } }),
  "a key is not rotated": set("DataKey", { EnableKeyRotation: false }),
  "the table goes with the stack": (changed) => delete changed.Resources.RecordsTable?.DeletionPolicy,
  "a failed first deployment leaves the table": (changed) =>
    Object.assign(changed.Resources.RecordsTable ?? {}, { DeletionPolicy: "Retain" }),
  "a log group keeps its lines for ever": drop("FunctionLogs", "RetentionInDays"),
  "a function logs to a group of Lambda's": drop("GetHealthLambdaFunction", "LoggingConfig"),
  "a function may write the lines of all others": edit("GetHealthRole", "*/ringfront-prod-getHealth[*", "*"),
  // Policies.
  "a queue takes requests without TLS": dropStatement("SyncQueuePolicy", "PolicyDocument", "TlsOnly"),
  "a queue refuses only some requests without TLS": edit("SyncQueuePolicy", '"sqs:*"', '"sqs:SendMessage"'),
  "a queue has no policy": remove("ScheduleDeadLetterQueuePolicy"),
  "the topic takes requests without TLS": dropStatement("AlarmTopicPolicy", "PolicyDocument", "TlsOnly"),
  "TLS is asked for the wrong way round": edit(
    "SyncQueuePolicy",
    '"aws:SecureTransport":"false"',
    '"aws:SecureTransport":"true"',
  ),
  "the topic lets alarms of other accounts in": edit(
    "AlarmTopicPolicy",
    '"aws:SourceAccount"',
    '"aws:PrincipalAccount"',
  ),
  "a schedule of another account may use a role": edit(
    "QueueSyncsScheduleRole",
    '"aws:SourceAccount"',
    '"aws:PrincipalAccount"',
  ),
  "CodeDeploy may use its role for others": edit(
    "DeploymentRole",
    ',"Condition":{"StringEquals"',
    ',"Condition":{"StringLike"',
  ),
  "a key locks the functions out": dropStatement("DataKey", "KeyPolicy", "UseByIam"),
  "a key can be used without the table's service": edit("DataKey", '"kms:ViaService"', '"kms:CallerAccount"'),
  "nobody administers a key": dropStatement("OperationsKey", "KeyPolicy", "Administer"),
  "the bus's key is open to all buses": edit("DataKey", '"aws:SourceAccount"', '"aws:PrincipalAccount"'),
  "the secret is open to the account": remove("RingCentralSecret0Policy"),
  "the secret's policy denies nobody": edit("RingCentralSecret0Policy", "ArnNotEquals", "ArnEquals"),
  "anybody's API may call a function": drop("GetHealthLambdaPermissionHttpApi", "SourceArn"),
  "a policy is widened to all resources": edit(
    "GetSyncStatusRole",
    '{"Fn::GetAtt":["RecordsTable","Arn"]}',
    '"*"',
  ),
  "a policy is widened to all actions": edit("GetLimitsRole", "dynamodb:GetItem", "dynamodb:*"),
  // Names.
  "a route calls a function past its alias": edit("HttpApi", "getHealth:live/", "getHealth/"),
  "a route calls a function that is not there": edit("HttpApi", "prod-getHealth:", "prod-getHelth:"),
  "a route is open at the gateway": edit("HttpApi", '"security":[{"callers":["ops:read"]}],', ""),
  "a route has no function": edit("HttpApi", '"x-amazon-apigateway-integration"', '"x-integration"'),
  "a property is misspelt": set("SyncQueue", { VisibilityTimeOut: 360 }),
  "a reference leads nowhere": edit("SyncQueue", '"SyncDeadLetterQueue"', '"SyncDeadLetters"'),
};

describe("the checks of `npm run package` reject the template when", () => {
  test("nothing is wrong: they do not", () => {
    expect(checks.flatMap((check) => check(template))).toEqual([]);
  });

  test.each(Object.keys(mutations))("%s", (name) => {
    const changed = structuredClone(template);
    mutations[name]?.(changed);
    expect(checks.some((check) => violationsOf(check, changed).length > 0)).toBe(true);
  });
});

/** A check that cannot read the template rejects it too. */
function violationsOf(check: (template: Template) => string[], changed: Template): string[] {
  try {
    return check(changed);
  } catch (error) {
    return [String(error)];
  }
}
