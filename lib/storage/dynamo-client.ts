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
import * as z from "zod/mini";

/** @public Reached through the dynamic import of this module. */
export { ConditionalCheckFailedException, DeleteItemCommand, GetItemCommand, PutItemCommand };

export interface ClientOptions {
  requestTimeoutMs: number;
  maxAttempts: number;
  /** Told of every answer's `Date` header, whatever the answer says. */
  onDate?: ((exchange: DatedExchange) => void) | undefined;
}

/** One exchange with the table, by this process's clock, and the table's own time in its answer. */
export interface DatedExchange {
  sentAt: number;
  receivedAt: number;
  /** Epoch milliseconds; whole seconds, cut off. */
  dateMs: number;
}

/** Region, credentials and endpoint come from the standard AWS variables (`AWS_ENDPOINT_URL_DYNAMODB` too). */
export function createClient({ requestTimeoutMs, maxAttempts, onDate }: ClientOptions): DynamoDBClient {
  const client = new DynamoDBClient({
    maxAttempts,
    retryMode: "standard",
    requestHandler: {
      connectionTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: requestTimeoutMs,
    },
  });
  if (onDate !== undefined) observeDates(client, onDate);
  return client;
}

const Dated = z.object({ headers: z.object({ date: z.string() }) });

/** The last step before the wire, so that every attempt is an exchange of its own and none holds a wait. */
function observeDates(client: DynamoDBClient, onDate: (exchange: DatedExchange) => void): void {
  client.middlewareStack.add(
    (next) => async (request) => {
      const sentAt = Date.now();
      const result = await next(request);
      const receivedAt = Date.now();
      const answer = Dated.safeParse(result.response);
      if (answer.success) onDate({ sentAt, receivedAt, dateMs: Date.parse(answer.data.headers.date) });
      return result;
    },
    { step: "deserialize", name: "observeDates", priority: "low" },
  );
}
