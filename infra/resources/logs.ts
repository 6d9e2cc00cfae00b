import { AUDIT_STREAM } from "../../lib/platform/audit-log.ts";
import { arnOf, kept, ownArn, perFunction, resource, sub } from "./cloudformation.ts";
import type { Stack, StackFunction } from "./stack.ts";

/** The resource of the log group that all functions share. */
export const functionLogs = { Ref: "FunctionLogs" };

const groupName = (stack: string) => `/${stack}/functions`;
const auditName = (stack: string) => `/${stack}/audit`;

/** One log group for all functions: one for each would take a twelfth of CloudFormation's 500 resources. */
export function logs({ name, functions, number, flag }: Stack) {
  const properties = {
    LogGroupName: groupName(name),
    RetentionInDays: number("logRetentionDays"),
    KmsKeyId: arnOf("OperationsKey"),
  };
  return {
    Resources: {
      FunctionLogs: resource("AWS::Logs::LogGroup", properties),
      AuditLogs: resource(
        "AWS::Logs::LogGroup",
        {
          ...properties,
          LogGroupName: auditName(name),
          RetentionInDays: number("auditRetentionDays"),
          DeletionProtectionEnabled: flag("deletionProtection"),
        },
        kept,
      ),
      // All functions write to it, so that none needs the right to make streams.
      AuditStream: resource("AWS::Logs::LogStream", {
        LogGroupName: { Ref: "AuditLogs" },
        LogStreamName: AUDIT_STREAM,
      }),
    },
    extensions: perFunction(functions, "LambdaFunction", () => ({
      Properties: { LoggingConfig: { LogGroup: functionLogs } },
    })),
  };
}

/**
 * The streams of one function in the shared group. Lambda names them `<date>/<function>[<version>]<instance>`, so a role
 * that is limited to them writes no other function's lines.
 * [AWS: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html]
 */
export const logStreamsOf = (stack: string, { name }: StackFunction) =>
  sub(ownArn("logs", `log-group:${groupName(stack)}:log-stream:*/${name}[*`));

/** The audit's one stream. Its group is named, because a role that waits for the group would wait for its key too. */
export const auditStream = (stack: string) =>
  sub(ownArn("logs", `log-group:${auditName(stack)}:log-stream:${AUDIT_STREAM}`));
