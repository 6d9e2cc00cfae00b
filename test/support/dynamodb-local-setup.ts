import { dynamoLocalIsMissing, startDynamoLocal } from "./dynamo-engines.ts";

/** Starts one DynamoDB Local for all files of a run; each service creates its own table in it. */
export default async function setUp(): Promise<() => Promise<void>> {
  const missing = await dynamoLocalIsMissing();
  if (missing !== undefined) throw new Error(`DynamoDB Local cannot run: ${missing}`);
  const engine = await startDynamoLocal();
  process.env.DYNAMODB_LOCAL_URL = engine.endpoint;
  return () => engine.stop();
}
