import * as z from "zod/mini";
import { resourceType } from "./aws-resource-types.ts";
import { type Resource, referredTo, resourcesOf, spell, type Template } from "./template.ts";

/**
 * Missing encryption, retention, dead letters and alarms: faults that show only when it is too late.
 * @returns a sentence for each violation
 */
export function findGuardrailViolations(template: Template): string[] {
  return [
    ...findUnencrypted(template),
    ...findRetentionViolations(template),
    ...findWithoutDeadLetters(template),
    ...findWithoutAlarm(template),
    ...findAliasBypassed(template),
  ];
}

const ownKey = /^\$\{(DataKey|OperationsKey)(\.Arn)?\}$/;
const isOwnKey = (value: unknown) => ownKey.test(spell(value));

/** How each type that keeps data says that it encrypts with a key of ours. */
const encryptions: Record<string, (properties: Resource["Properties"]) => boolean> = {
  "AWS::DynamoDB::Table": ({ SSESpecification: sse }) =>
    isObject(sse) && sse.SSEEnabled === true && isOwnKey(sse.KMSMasterKeyId),
  "AWS::SecretsManager::Secret": ({ KmsKeyId }) => isOwnKey(KmsKeyId),
  "AWS::SQS::Queue": ({ KmsMasterKeyId }) => isOwnKey(KmsMasterKeyId),
  "AWS::SNS::Topic": ({ KmsMasterKeyId }) => isOwnKey(KmsMasterKeyId),
  "AWS::Logs::LogGroup": ({ KmsKeyId }) => isOwnKey(KmsKeyId),
  // The deployment's own bucket, made by osls: bundles, no data; it encrypts with S3's key.
  "AWS::S3::Bucket": ({ BucketEncryption }) => BucketEncryption !== undefined,
  // A key is not encrypted but renewed.
  "AWS::KMS::Key": ({ EnableKeyRotation }) => EnableKeyRotation === true,
};

function findUnencrypted(template: Template): string[] {
  return Object.entries(template.Resources).flatMap(([logicalId, { Type, Properties }]) => {
    const isEncrypted = encryptions[Type];
    if (isEncrypted !== undefined) {
      return isEncrypted(Properties) ? [] : [`${logicalId} (${Type}) is not encrypted with a key of ours`];
    }
    return resourceType(Type)?.isStateful === true
      ? [`${logicalId} keeps data, and no rule says how a ${Type} is encrypted`]
      : [];
  });
}

function findRetentionViolations(template: Template): string[] {
  const groups = resourcesOf(template, "AWS::Logs::LogGroup");
  const names = new Set(groups.map(([, { Properties }]) => Properties.LogGroupName));
  const kept = ["AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::KMS::Key"];
  return [
    ...groups
      .filter(([, { Properties }]) => !(Number(Properties.RetentionInDays) >= 7))
      .map(([logicalId]) => `${logicalId} does not say how many days it keeps its lines`),
    ...resourcesOf(template, "AWS::Lambda::Function")
      .filter(([, { Properties }]) => !names.has(`/aws/lambda/${Properties.FunctionName}`))
      .map(
        ([logicalId]) => `${logicalId} logs to a group outside the template, which never expires its lines`,
      ),
    ...resourcesOf(template, "AWS::DynamoDB::Table")
      .filter(
        ([, { Properties }]) => !JSON.stringify(Properties).includes('"PointInTimeRecoveryEnabled":true'),
      )
      .map(([logicalId]) => `${logicalId} cannot be restored to a point in time`),
    ...Object.entries(template.Resources)
      .filter(([, { Type, DeletionPolicy, UpdateReplacePolicy }]) => {
        return kept.includes(Type) && (DeletionPolicy !== "Retain" || UpdateReplacePolicy !== "Retain");
      })
      .map(([logicalId]) => `${logicalId} would be deleted with the stack`),
  ];
}

const DeadLetterPolicy = z.object({ RedrivePolicy: z.object({ deadLetterTargetArn: z.unknown() }) });
const FailureDestination = z.object({
  DestinationConfig: z.object({ OnFailure: z.object({ Destination: z.unknown() }) }),
});
const DeliveryTarget = z.object({ Target: z.object({ DeadLetterConfig: z.object({ Arn: z.unknown() }) }) });

/** The queues that take failed messages and calls. */
function deadLetterQueues(template: Template): Set<string> {
  const targets = Object.values(template.Resources).flatMap(({ Properties }) => [
    DeadLetterPolicy.safeParse(Properties).data?.RedrivePolicy.deadLetterTargetArn,
    FailureDestination.safeParse(Properties).data?.DestinationConfig.OnFailure.Destination,
    DeliveryTarget.safeParse(Properties).data?.Target.DeadLetterConfig.Arn,
  ]);
  return new Set(targets.map(referredTo).filter((logicalId) => logicalId !== undefined));
}

function findWithoutDeadLetters(template: Template): string[] {
  const dead = deadLetterQueues(template);
  const invokedLater = [
    ...resourcesOf(template, "AWS::Scheduler::Schedule"),
    ...resourcesOf(template, "AWS::Events::Rule"),
  ].map(([logicalId, { Properties }]) => [logicalId, JSON.stringify(Properties)] as const);
  const asynchronous = resourcesOf(template, "AWS::Lambda::Function").filter(([logicalId]) =>
    invokedLater.some(([, text]) => text.includes(`"${logicalId}"`)),
  );
  return [
    ...resourcesOf(template, "AWS::SQS::Queue")
      .filter(([logicalId, { Properties }]) => !dead.has(logicalId) && Properties.RedrivePolicy === undefined)
      .map(([logicalId]) => `${logicalId} has no dead-letter queue`),
    ...invokedLater
      .filter(([, text]) => !text.includes('"DeadLetterConfig"'))
      .map(([logicalId]) => `${logicalId} has no dead-letter queue for calls that cannot be delivered`),
    ...asynchronous
      .filter(([logicalId, { Properties }]) => {
        const configs = resourcesOf(template, "AWS::Lambda::EventInvokeConfig");
        const onFailure = configs.some(([, config]) => {
          const text = JSON.stringify(config.Properties);
          return text.includes(`"${logicalId}"`) && text.includes('"OnFailure"');
        });
        return Properties.DeadLetterConfig === undefined && !onFailure;
      })
      .map(([logicalId]) => `${logicalId} is called asynchronously, and no queue takes the calls that fail`),
  ];
}

/** What is watched, as `namespace metric` with the values of its dimensions. */
function watched(template: Template): string[] {
  return resourcesOf(template, "AWS::CloudWatch::Alarm").map(([, { Properties }]) =>
    JSON.stringify(Properties),
  );
}

function findWithoutAlarm(template: Template): string[] {
  const alarms = watched(template);
  const isWatched = (...texts: string[]) =>
    alarms.some((alarm) => texts.every((text) => alarm.includes(text)));
  const unwatched = [
    ...resourcesOf(template, "AWS::Lambda::Function").map(([logicalId, { Properties }]) => ({
      what: `the crashes of ${logicalId}`,
      signs: ['"AWS/Lambda"', '"Errors"', `"Value":"${Properties.FunctionName}"`],
    })),
    ...[...deadLetterQueues(template)].map((logicalId) => ({
      what: `messages in ${logicalId}`,
      signs: ['"AWS/SQS"', `"Value":"${template.Resources[logicalId]?.Properties.QueueName}"`],
    })),
    ...resourcesOf(template, "AWS::ApiGatewayV2::Api").flatMap(([logicalId]) => [
      { what: `the 5xx responses of ${logicalId}`, signs: ['"5xx"', `{"Ref":"${logicalId}"}`] },
      { what: `the latency of ${logicalId}`, signs: ['"Latency"', `{"Ref":"${logicalId}"}`] },
    ]),
  ].filter(({ signs }) => !isWatched(...signs));
  const silent = resourcesOf(template, "AWS::CloudWatch::Alarm").filter(
    ([, { Properties }]) => !JSON.stringify(Properties.AlarmActions ?? []).includes('"Ref":"AlarmTopic"'),
  );
  return [
    ...unwatched.map(({ what }) => `no alarm watches ${what}`),
    ...silent.map(([logicalId]) => `${logicalId} has no action on the alarm topic`),
  ];
}

/** A direct caller would get new code at once, without the roll-out. */
function findAliasBypassed(template: Template): string[] {
  const callers: [type: string, property: string][] = [
    ["AWS::ApiGatewayV2::Integration", "IntegrationUri"],
    ["AWS::Lambda::Permission", "FunctionName"],
    ["AWS::Lambda::EventSourceMapping", "FunctionName"],
    ["AWS::Scheduler::Schedule", "Target"],
    ["AWS::Events::Rule", "Targets"],
  ];
  return callers.flatMap(([type, property]) =>
    resourcesOf(template, type)
      .filter(([, { Properties }]) => {
        const text = JSON.stringify(Properties[property] ?? "");
        return text.includes("LambdaFunction") && !text.includes('"live"') && !text.includes("LambdaAlias");
      })
      .map(([logicalId]) => `${logicalId} calls a function directly, not its alias`),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
