// @ts-check
import { serviceFunctions } from "./service-functions.js";

/**
 * Every log group is encrypted with the operations key; how long it keeps its lines is `logRetentionInDays` of
 * serverless.yml.
 * @param {import("./service-functions.js").Variables} variables
 */
export async function logGroups(variables) {
  const names = (await serviceFunctions(variables)).map(({ logicalName }) => `${logicalName}LogGroup`);
  const encrypted = { Properties: { KmsKeyId: { "Fn::GetAtt": ["OperationsKey", "Arn"] } } };
  return { extensions: Object.fromEntries([...names, "HttpApiLogGroup"].map((name) => [name, encrypted])) };
}
