import {
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStacksCommand,
  waitUntilStackDeleteComplete,
} from "@aws-sdk/client-cloudformation";
import { DescribeTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetAccountSettingsCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { DescribeSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { UsageError } from "../local/command-line.ts";

/** What a deployment asks the AWS account. */
export interface AwsAccount {
  /** @throws UsageError when there are no valid credentials */
  identity(): Promise<{ accountId: string; arn: string }>;
  /** How many functions the account may run at once in the region. */
  concurrency(): Promise<number>;
  /** CloudFormation's status of a stack; undefined: there is none. */
  stackStatus(name: string): Promise<string | undefined>;
  /** Resolves when the stack is gone. */
  deleteStack(name: string): Promise<void>;
  hasTable(name: string): Promise<boolean>;
  /** A secret that is being deleted keeps its name for days. */
  secretState(name: string): Promise<"none" | "kept" | "deleted">;
}

const DELETE_SECONDS = 900;

export function awsAccount(region: string): AwsAccount {
  const cloudFormation = new CloudFormationClient({ region });
  return {
    async identity() {
      try {
        const { Account = "", Arn = "" } = await new STSClient({ region }).send(
          new GetCallerIdentityCommand(),
        );
        return { accountId: Account, arn: Arn };
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new UsageError(
          `There are no valid AWS credentials here (${why}). Nothing was sent. Set AWS_PROFILE, or the variables of ` +
            "your access portal, and repeat. npm run package makes and checks the template without AWS.",
        );
      }
    },
    async concurrency() {
      const { AccountLimit } = await new LambdaClient({ region }).send(new GetAccountSettingsCommand());
      return AccountLimit?.ConcurrentExecutions ?? 0;
    },
    async stackStatus(name) {
      try {
        const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: name }));
        return Stacks[0]?.StackStatus;
      } catch (error) {
        if (error instanceof Error && /does not exist/.test(error.message)) return undefined;
        throw error;
      }
    },
    async deleteStack(StackName) {
      await cloudFormation.send(new DeleteStackCommand({ StackName }));
      await waitUntilStackDeleteComplete(
        { client: cloudFormation, maxWaitTime: DELETE_SECONDS },
        { StackName },
      );
    },
    async hasTable(TableName) {
      const looking = new DynamoDBClient({ region }).send(new DescribeTableCommand({ TableName }));
      return (await orNone(looking)) !== undefined;
    },
    async secretState(SecretId) {
      const looking = new SecretsManagerClient({ region }).send(new DescribeSecretCommand({ SecretId }));
      const found = await orNone(looking);
      if (found === undefined) return "none";
      return found.DeletedDate === undefined ? "kept" : "deleted";
    },
  };
}

/** @returns undefined when AWS knows no such thing */
async function orNone<Found>(looking: Promise<Found>): Promise<Found | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof Error && error.name === "ResourceNotFoundException") return undefined;
    throw error;
  }
}
