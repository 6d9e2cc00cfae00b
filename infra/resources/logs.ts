import { arnOf, ownArn, perFunction, resource, sub } from "./cloudformation.ts";
import type { Stack, StackFunction } from "./stack.ts";

/** The resource of the log group that all functions share. */
export const functionLogs = { Ref: "FunctionLogs" };

const groupName = (stack: string) => `/${stack}/functions`;

/** One log group for all functions: one for each would take a twelfth of CloudFormation's 500 resources. */
export function logs({ name, functions, number }: Stack) {
  const properties = {
    LogGroupName: groupName(name),
    RetentionInDays: number("logRetentionDays"),
    KmsKeyId: arnOf("OperationsKey"),
  };
  return {
    Resources: { FunctionLogs: resource("AWS::Logs::LogGroup", properties) },
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
