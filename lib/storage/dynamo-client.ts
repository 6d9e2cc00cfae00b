// The only module that loads the DynamoDB client. It is imported dynamically, on the first record, so that a
// function which never touches the table does not pay for it; and it names what it uses, so that a bundle
// carries four classes of the client and not all of it.
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";

/** @public Reached through the dynamic import of this module. */
export { ConditionalCheckFailedException, DeleteItemCommand, GetItemCommand, PutItemCommand };

export interface ClientOptions {
  requestTimeoutMs: number;
  maxAttempts: number;
}

/** Region, credentials and endpoint come from the standard AWS variables (`AWS_ENDPOINT_URL_DYNAMODB` too). */
export function createClient({ requestTimeoutMs, maxAttempts }: ClientOptions): DynamoDBClient {
  return new DynamoDBClient({
    maxAttempts,
    retryMode: "standard",
    requestHandler: {
      connectionTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: requestTimeoutMs,
    },
  });
}
