// @ts-check
import { serviceFunctions, stackName } from "./service-functions.js";

const DAY_SECONDS = 86_400;
const deadLetters = { "Fn::GetAtt": ["ScheduleDeadLetterQueue", "Arn"] };

/**
 * What every function that a schedule calls needs besides: a role by which its schedule calls its alias, and a queue
 * for the calls that could not be delivered, or that the function failed at however often Lambda repeated them. Nobody
 * waits for such a call, so nobody else would notice.
 *
 * A schedule in serverless.yml carries no input: its target is spelt out here.
 * @param {import("./service-functions.js").Variables} variables
 */
export async function schedules(variables) {
  const scheduled = (await serviceFunctions(variables)).filter(({ isScheduled }) => isScheduled);
  if (scheduled.length === 0) return { Resources: {} };
  return {
    Resources: {
      ScheduleDeadLetterQueue: {
        Type: "AWS::SQS::Queue",
        Properties: {
          QueueName: `${await stackName(variables)}-scheduled-dead`,
          KmsMasterKeyId: { "Fn::GetAtt": ["DataKey", "Arn"] },
          MessageRetentionPeriod: 14 * DAY_SECONDS,
        },
      },
      ...Object.fromEntries(
        scheduled.flatMap(({ logicalName, name }) => [
          [`${logicalName}ScheduleRole`, role(logicalName, name)],
          [`${logicalName}OnFailure`, onFailure(logicalName)],
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

/** @param {string} logicalName */
const aliasOf = (logicalName) => ({
  "Fn::Join": [":", [{ "Fn::GetAtt": [`${logicalName}LambdaFunction`, "Arn"] }, "live"]],
});

/** @param {string} logicalName */
function target(logicalName) {
  return {
    Arn: aliasOf(logicalName),
    RoleArn: { "Fn::GetAtt": [`${logicalName}ScheduleRole`, "Arn"] },
    DeadLetterConfig: { Arn: deadLetters },
    // Of the delivery. The next call comes anyway, so an old one need not.
    RetryPolicy: { MaximumRetryAttempts: 5, MaximumEventAgeInSeconds: 3600 },
  };
}

/** @param {string} logicalName */
function onFailure(logicalName) {
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

/** The first condition keeps schedules of other AWS accounts from using it. */
/** @param {string} logicalName @param {string} functionName */
function role(logicalName, functionName) {
  return {
    Type: "AWS::IAM::Role",
    Properties: {
      Description: `How its schedule calls the function ${functionName}`,
      AssumeRolePolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: "scheduler.amazonaws.com" },
            Action: "sts:AssumeRole",
            Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
          },
        ],
      },
      Policies: [
        {
          PolicyName: "schedule",
          PolicyDocument: {
            Version: "2012-10-17",
            Statement: [
              { Effect: "Allow", Action: ["lambda:InvokeFunction"], Resource: aliasOf(logicalName) },
              { Effect: "Allow", Action: ["sqs:SendMessage"], Resource: deadLetters },
              {
                Effect: "Allow",
                Action: ["kms:Decrypt", "kms:GenerateDataKey"],
                Resource: { "Fn::GetAtt": ["DataKey", "Arn"] },
                Condition: {
                  StringEquals: { "kms:ViaService": { "Fn::Sub": "sqs.${AWS::Region}.amazonaws.com" } },
                },
              },
            ],
          },
        },
      ],
    },
  };
}
