import {
  actsFor,
  allow,
  arnOf,
  ownArn,
  perFunction,
  queue,
  queuePolicy,
  resource,
  role,
  viaServices,
} from "./cloudformation.ts";
import type { Stack, StackFunction } from "./stack.ts";

const deadLetters = arnOf("ScheduleDeadLetterQueue");

/**
 * The resources around a function that a schedule calls: a role for the schedule to call its alias, and a queue for
 * calls that were not delivered or that failed after Lambda's retries. No caller waits, so no caller would notice.
 *
 * The target here replaces osls's; these schedules have no input that it would lose.
 */
export function schedules({ name, functions }: Stack) {
  const scheduled = functions.filter(({ schedule }) => schedule !== undefined);
  return {
    Resources: {
      ScheduleDeadLetterQueue: queue(`${name}-scheduled-dead`, 14),
      ScheduleDeadLetterQueuePolicy: queuePolicy("ScheduleDeadLetterQueue"),
      ...perFunction(scheduled, "ScheduleRole", scheduleRole),
      ...perFunction(scheduled, "OnFailure", onFailure),
    },
    extensions: perFunction(scheduled, "SchedulerSchedule1", ({ logicalName }) => ({
      Properties: { Target: target(logicalName) },
    })),
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
    // The retries and age limit of a delivery. The next call comes anyway, so an old one is dropped.
    RetryPolicy: { MaximumRetryAttempts: 5, MaximumEventAgeInSeconds: 3600 },
  };
}

function onFailure({ logicalName }: StackFunction) {
  const properties = {
    FunctionName: { Ref: `${logicalName}LambdaFunction` },
    Qualifier: "live",
    MaximumRetryAttempts: 2,
    MaximumEventAgeInSeconds: 3600,
    DestinationConfig: { OnFailure: { Destination: deadLetters } },
  };
  return resource("AWS::Lambda::EventInvokeConfig", properties, {
    DependsOn: [`${logicalName}LambdaAlias`],
  });
}

function scheduleRole({ name, logicalName }: StackFunction) {
  return role({
    description: `How its schedule calls the function ${name}`,
    service: "scheduler.amazonaws.com",
    // [AWS] The source is the group of the schedule: https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    trustCondition: actsFor(ownArn("scheduler", "schedule-group/default")),
    policyName: "schedule",
    statements: [
      allow(["lambda:InvokeFunction"], aliasOf(logicalName)),
      allow(["sqs:SendMessage"], deadLetters),
      allow(["kms:Decrypt", "kms:GenerateDataKey"], arnOf("DataKey"), viaServices("sqs")),
    ],
  });
}
