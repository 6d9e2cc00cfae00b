import { dynamoLocalIsMissing, startDynamoLocal } from "./dynamo-engines.ts";

/** One DynamoDB Local for all files of a run; each service makes a table of its own in it. */
export default async function setUp(): Promise<() => Promise<void>> {
  const missing = await dynamoLocalIsMissing();
  if (missing !== undefined) throw new Error(`DynamoDB Local cannot run: ${missing}`);
  const engine = await startDynamoLocal();
  process.env.DYNAMODB_LOCAL_URL = engine.endpoint;
  return () => engine.stop();
}
