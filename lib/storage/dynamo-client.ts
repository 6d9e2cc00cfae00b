// The only module that loads the DynamoDB client, at the first record: functions without the table do not load it.
// Named imports keep the client's other classes out of the bundle.
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import * as z from "zod/mini";
import { clientOptions } from "../platform/aws-client.ts";

/** @public Reached through the dynamic import of this module. */
export { ConditionalCheckFailedException, DeleteItemCommand, GetItemCommand, PutItemCommand };

export interface ClientOptions {
  requestTimeoutMs: number;
  maxAttempts: number;
  /** Called with the `Date` header of every response, errors included. */
  onDate?: ((exchange: DatedExchange) => void) | undefined;
}

/** One exchange with the table by this process's clock, and the table's time in its response. */
export interface DatedExchange {
  sentAt: number;
  receivedAt: number;
  /** Epoch milliseconds, rounded down to whole seconds. */
  dateMs: number;
}

/** They describe a call to a logger that is not there, and the SDK to AWS: a quarter of a call's processor time. */
const SPARED = ["loggerMiddleware", "getUserAgentMiddleware"];

/** Region, credentials and endpoint come from the standard AWS variables (`AWS_ENDPOINT_URL_DYNAMODB` too). */
export function createClient({ requestTimeoutMs, maxAttempts, onDate }: ClientOptions): DynamoDBClient {
  const { requestHandler, ...options } = clientOptions(maxAttempts, requestTimeoutMs);
  const client = new DynamoDBClient({
    ...options,
    requestHandler: { ...requestHandler, socketTimeout: requestTimeoutMs },
  });
  for (const step of SPARED) client.middlewareStack.remove(step);
  if (onDate !== undefined) observeDates(client, onDate);
  return client;
}

const Dated = z.object({ headers: z.object({ date: z.string() }) });

/** The last step before the wire: every attempt is a separate exchange, without the waits between attempts. */
function observeDates(client: DynamoDBClient, onDate: (exchange: DatedExchange) => void): void {
  client.middlewareStack.add(
    (next) => async (request) => {
      const sentAt = Date.now();
      const result = await next(request);
      const receivedAt = Date.now();
      const dated = Dated.safeParse(result.response);
      if (dated.success) onDate({ sentAt, receivedAt, dateMs: Date.parse(dated.data.headers.date) });
      return result;
    },
    { step: "deserialize", name: "observeDates", priority: "low" },
  );
}
