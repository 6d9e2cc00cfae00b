import { arnOf, perFunction } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

/** Encryption of every log group. Its retention is `logRetentionInDays` of serverless.yml. */
export function logGroups({ functions }: Stack) {
  const encrypted = { Properties: { KmsKeyId: arnOf("OperationsKey") } };
  return {
    extensions: { ...perFunction(functions, "LogGroup", () => encrypted), HttpApiLogGroup: encrypted },
  };
}
