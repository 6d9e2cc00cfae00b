import { arnOf } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

/** Encryption of every log group. Its retention is `logRetentionInDays` of serverless.yml. */
export function logGroups({ functions }: Stack) {
  const names = functions.map(({ logicalName }) => `${logicalName}LogGroup`);
  const encrypted = { Properties: { KmsKeyId: arnOf("OperationsKey") } };
  return { extensions: Object.fromEntries([...names, "HttpApiLogGroup"].map((name) => [name, encrypted])) };
}
