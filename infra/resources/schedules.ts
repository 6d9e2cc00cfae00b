import { allow, arnOf, ownAccountOnly, role, viaServices } from "./cloudformation.ts";
import type { Stack, StackFunction } from "./stack.ts";

const DAY_SECONDS = 86_400;
const deadLetters = arnOf("ScheduleDeadLetterQueue");

/**
 * What a function that a schedule calls needs besides: a role for the schedule to call its alias, and a queue for calls
 * that were not delivered or that failed after Lambda's retries. No caller waits, so no caller would notice.
 *
 * A schedule in serverless.yml carries no input: its target is spelt out here.
 */
export function schedules({ name, functions }: Stack) {
  const scheduled = functions.filter(({ schedule }) => schedule !== undefined);
  return {
    Resources: {
      ScheduleDeadLetterQueue: {
        Type: "AWS::SQS::Queue",
        Properties: {
          QueueName: `${name}-scheduled-dead`,
          KmsMasterKeyId: arnOf("DataKey"),
          MessageRetentionPeriod: 14 * DAY_SECONDS,
        },
      },
      ...Object.fromEntries(
        scheduled.flatMap((definition) => [
          [`${definition.logicalName}ScheduleRole`, scheduleRole(definition)],
          [`${definition.logicalName}OnFailure`, onFailure(definition)],
        ]),
      ),
    },
    extensions: Object.fromEntries(
      scheduled.map(({ logicalName }) => [
        `${logicalName}SchedulerSchedule1`,
        { Properties: { Target: target(logicalName) } },
      ]),
    ),
  };
}

const aliasOf = (logicalName: string) => ({
  "Fn::Join": [":", [arnOf(`${logicalName}LambdaFunction`), "live"]],
});

function target(logicalName: string) {
  return {
    Arn: aliasOf(logicalName),
    RoleArn: arnOf(`${logicalName}ScheduleRole`),
    DeadLetterConfig: { Arn: deadLetters },
    // Of the delivery. The next call comes anyway, so an old one need not.
    RetryPolicy: { MaximumRetryAttempts: 5, MaximumEventAgeInSeconds: 3600 },
  };
}

function onFailure({ logicalName }: StackFunction) {
  return {
    Type: "AWS::Lambda::EventInvokeConfig",
    DependsOn: [`${logicalName}LambdaAlias`],
    Properties: {
      FunctionName: { Ref: `${logicalName}LambdaFunction` },
      Qualifier: "live",
      MaximumRetryAttempts: 2,
      MaximumEventAgeInSeconds: 3600,
      DestinationConfig: { OnFailure: { Destination: deadLetters } },
    },
  };
}

function scheduleRole({ name, logicalName }: StackFunction) {
  return role({
    description: `How its schedule calls the function ${name}`,
    service: "scheduler.amazonaws.com",
    // No schedule of another AWS account may use it.
    trustCondition: ownAccountOnly,
    policyName: "schedule",
    statements: [
      allow(["lambda:InvokeFunction"], aliasOf(logicalName)),
      allow(["sqs:SendMessage"], deadLetters),
      allow(["kms:Decrypt", "kms:GenerateDataKey"], arnOf("DataKey"), viaServices("sqs")),
    ],
  });
}
