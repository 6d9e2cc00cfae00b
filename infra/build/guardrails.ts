import * as z from "zod/mini";
import { gatewayRoutes, hasAuthorizer } from "./gateway-routes.ts";
import { type Resource, referredTo, resourcesOf, spell, type Template, textsOf } from "./template.ts";
import { resourceType } from "./template-schema.ts";

/**
 * Finds missing encryption, retention, dead-letter queues and alarms: faults that otherwise show too late.
 * @returns a sentence for each violation
 */
export function findGuardrailViolations(template: Template): string[] {
  return [
    ...findUnencrypted(template),
    ...checks.flatMap((check) => check(template)),
    ...findWithoutAlarm(template),
  ];
}

const isOwnKey = (value: unknown) => /^\$\{(DataKey|OperationsKey)(\.Arn)?\}$/.test(spell(value));
const TableEncryption = z.object({ SSEEnabled: z.literal(true), KMSMasterKeyId: z.unknown() });

/** For each type that keeps data: where it states that it encrypts with one of our keys. */
const encryptions: Record<string, (properties: Resource["Properties"]) => boolean> = {
  "AWS::DynamoDB::Table": ({ SSESpecification }) =>
    isOwnKey(TableEncryption.safeParse(SSESpecification).data?.KMSMasterKeyId),
  "AWS::SecretsManager::Secret": ({ KmsKeyId }) => isOwnKey(KmsKeyId),
  "AWS::SQS::Queue": ({ KmsMasterKeyId }) => isOwnKey(KmsMasterKeyId),
  "AWS::SNS::Topic": ({ KmsMasterKeyId }) => isOwnKey(KmsMasterKeyId),
  "AWS::Events::EventBus": ({ KmsKeyIdentifier }) => isOwnKey(KmsKeyIdentifier),
  "AWS::Logs::LogGroup": ({ KmsKeyId }) => isOwnKey(KmsKeyId),
  // The deployment's own bucket, made by osls: bundles, no data; it encrypts with S3's key.
  "AWS::S3::Bucket": ({ BucketEncryption }) => BucketEncryption !== undefined,
  // A key is not encrypted but rotated.
  "AWS::KMS::Key": ({ EnableKeyRotation }) => EnableKeyRotation === true,
};

function findUnencrypted(template: Template): string[] {
  return Object.entries(template.Resources).flatMap(([logicalId, { Type, Properties }]) => {
    const isEncrypted = encryptions[Type];
    if (isEncrypted === undefined) {
      const isStateful = resourceType(Type)?.isStateful === true;
      return isStateful ? [`${logicalId} keeps data, and no rule says how a ${Type} is encrypted`] : [];
    }
    return isEncrypted(Properties) ? [] : [`${logicalId} (${Type}) is not encrypted with a key of ours`];
  });
}

type Holds = (resource: Resource, logicalId: string, template: Template) => boolean;

/** @param sentence the fault of a resource of one of these types that breaks the rule */
const every = (types: string[], sentence: string, holds: Holds) => (template: Template) =>
  types
    .flatMap((type) => resourcesOf(template, type))
    .filter(([logicalId, resource]) => !holds(resource, logicalId, template))
    .map(([logicalId]) => `${logicalId} ${sentence}`);

/** Whether a resource contains this text, in its JSON. */
const says = ({ Properties }: Resource, text: string) => JSON.stringify(Properties).includes(text);
const isSaid = (template: Template, type: string, ...texts: string[]) =>
  textsOf(template, type, ...texts).length > 0;

const LoggingGroup = z.object({ LogGroup: z.unknown() });
const later = ["AWS::Scheduler::Schedule", "AWS::Events::Rule"];

const checks: readonly ((template: Template) => string[])[] = [
  every(
    ["AWS::Logs::LogGroup"],
    "does not say how many days it keeps its lines",
    ({ Properties }) => Number(Properties.RetentionInDays) >= 7,
  ),
  every(
    ["AWS::Lambda::Function"],
    "logs to a group outside the template, which keeps its lines permanently",
    ({ Properties }, _, template) =>
      template.Resources[referredTo(LoggingGroup.safeParse(Properties.LoggingConfig).data?.LogGroup) ?? ""]
        ?.Type === "AWS::Logs::LogGroup",
  ),
  every(["AWS::DynamoDB::Table"], "cannot be restored to a point in time", (table) =>
    says(table, '"PointInTimeRecoveryEnabled":true'),
  ),
  every(["AWS::DynamoDB::Table"], "keeps records whose time is over", (table) =>
    says(table, '"TimeToLiveSpecification":{"AttributeName":"expiresAt","Enabled":true}'),
  ),
  every(
    ["AWS::Lambda::EventSourceMapping", ...later],
    "is switched off",
    ({ Properties }) => Properties.Enabled !== false && Properties.State !== "DISABLED",
  ),
  every(
    ["AWS::Lambda::Function"],
    "may write to the audit, and is not told its group",
    ({ Properties }, _, template) => {
      const role = template.Resources[referredTo(Properties.Role) ?? ""];
      const isWriter = role !== undefined && says(role, "/audit:log-stream:");
      return !isWriter || JSON.stringify(Properties.Environment).includes('{"Ref":"AuditLogs"}');
    },
  ),
  every(
    ["AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::KMS::Key"],
    "would be deleted with the stack, or stay after a failed first deployment",
    ({ DeletionPolicy, UpdateReplacePolicy }) =>
      DeletionPolicy === "RetainExceptOnCreate" && UpdateReplacePolicy === "Retain",
  ),
  every(
    ["AWS::SQS::Queue"],
    "has no dead-letter queue",
    ({ Properties }, logicalId, template) =>
      Properties.RedrivePolicy !== undefined || deadLetterQueues(template).has(logicalId),
  ),
  every(later, "has no dead-letter queue for calls that cannot be delivered", (caller) =>
    says(caller, '"DeadLetterConfig"'),
  ),
  every(
    ["AWS::Lambda::Function"],
    "is called asynchronously, and no queue takes the calls that fail",
    (_, logicalId, template) =>
      !later.some((type) => isSaid(template, type, `"${logicalId}"`)) ||
      isSaid(template, "AWS::Lambda::EventInvokeConfig", `"${logicalId}"`, '"OnFailure"'),
  ),
  every(
    ["AWS::CloudWatch::Alarm"],
    "has no action on the alarm topic",
    ({ Properties }) =>
      JSON.stringify(Properties.AlarmActions)?.includes('"Ref":"AlarmTopic"') === true &&
      Properties.ActionsEnabled !== false,
  ),
  // A direct caller would get new code at once, without the rollout.
  every(
    ["AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping", ...later],
    "calls a function directly, not its alias",
    (caller) => !says(caller, "LambdaFunction") || says(caller, '"live"') || says(caller, "LambdaAlias"),
  ),
  (template) =>
    gatewayRoutes(template).flatMap(({ key, functionName, qualifier, scopes }) => [
      ...(scopes === undefined && hasAuthorizer(template) && /^\w+ \/v1\/(?!webhooks\/)/.test(key)
        ? [`${key} is open at the gateway`]
        : []),
      ...(qualifier === "live" ? [] : [`${key} calls a function directly, not its alias`]),
      ...(isSaid(template, "AWS::Lambda::Function", `"FunctionName":"${functionName}"`)
        ? []
        : [`${key} calls a function that the template does not have`]),
    ]),
];

const failureTarget =
  /"(?:deadLetterTargetArn|OnFailure":\{"Destination|DeadLetterConfig":\{"Arn)":\{"Fn::GetAtt":\["(\w+)"/g;

/** The queues that take failed messages and calls. */
function deadLetterQueues({ Resources }: Template): Set<string> {
  const targets = JSON.stringify(Resources).matchAll(failureTarget);
  return new Set([...targets].map(([, logicalId = ""]) => logicalId));
}

function findWithoutAlarm(template: Template): string[] {
  const unwatched = (what: string, ...signs: string[]) =>
    isSaid(template, "AWS::CloudWatch::Alarm", ...signs) ? [] : [`no alarm watches ${what}`];
  const queueName = (logicalId: string) => template.Resources[logicalId]?.Properties.QueueName;
  return [
    ...resourcesOf(template, "AWS::Lambda::Function").flatMap(([logicalId, { Properties }]) => {
      const name = `"Value":"${Properties.FunctionName}"`;
      return [
        ...unwatched(`the crashes of ${logicalId}`, '"AWS/Lambda"', '"Errors"', name),
        ...unwatched(`the throttling of ${logicalId}`, '"AWS/Lambda"', '"Throttles"', name),
      ];
    }),
    ...[...deadLetterQueues(template)].flatMap((logicalId) =>
      unwatched(`messages in ${logicalId}`, '"AWS/SQS"', `"Value":"${queueName(logicalId)}"`),
    ),
    ...unwatched("the 5xx responses of HttpApi", '"5xx"', '{"Ref":"HttpApi"}'),
    ...unwatched("the latency of HttpApi", '"Latency"', '{"Ref":"HttpApi"}'),
  ];
}
