import { randomUUID } from "node:crypto";
import { StorageUnavailable } from "./errors.ts";
import type { RecordKey, RecordStore, StoredRecord, WriteOptions } from "./record-store.ts";

export interface DynamoRecordStoreOptions {
  tableName: string;
  /** Bound of one attempt. Default 1,000 ms. */
  requestTimeoutMs?: number;
  /** Attempts of one call, the first included. Default 2. */
  maxAttempts?: number;
  /** Told what the table's clock says, with every answer. */
  onDate?: (exchange: { sentAt: number; receivedAt: number; dateMs: number }) => void;
  /** Names one write. Default a random UUID. */
  nonce?: () => string;
}

/**
 * Records in a DynamoDB table with the string keys `pk` and `sk`, one item each:
 * `{ pk, sk, version: N, value: S (JSON), writer: S, expiresAt?: N (epoch seconds, the TTL attribute) }`.
 *
 * Only GetItem (consistent), and PutItem and DeleteItem with a condition, on one item: that needs no
 * transactions and runs on every emulator. The client is made on first use.
 *
 * `writer` names the one write that made an item what it is. The client repeats a request whose answer was
 * lost; when the lost one had taken effect, the repetition fails its condition although the write succeeded. So
 * a failed condition after more than one attempt is decided by reading whose item it is. (If somebody has
 * overwritten it since, it counts as lost: the caller must read again in any case.) A repeated `remove` that
 * finds nothing has succeeded.
 *
 * Every call ends within `requestTimeoutMs * maxAttempts` and a little for the pause between them.
 * @throws StorageUnavailable for everything but a failed condition
 */
export function createDynamoRecordStore(options: DynamoRecordStoreOptions): RecordStore {
  const { tableName, requestTimeoutMs = 1_000, maxAttempts = 2, onDate, nonce = randomUUID } = options;
  const callTimeoutMs = maxAttempts * requestTimeoutMs + 250;

  let loading: Promise<Loaded> | undefined;
  function load(): Promise<Loaded> {
    loading ??= import("./dynamo-client.ts").then((dynamo) => ({
      dynamo,
      client: dynamo.createClient({ requestTimeoutMs, maxAttempts, onDate }),
    }));
    return loading;
  }

  async function getItem(key: RecordKey): Promise<Item | undefined> {
    const { dynamo, client } = await load();
    const command = new dynamo.GetItemCommand({
      TableName: tableName,
      Key: itemKey(key),
      ConsistentRead: true,
    });
    const { Item } = await bounded(callTimeoutMs, (abortSignal) => client.send(command, { abortSignal }));
    if (Item === undefined) return undefined;
    const version = Number(Item.version?.N);
    if (!Number.isSafeInteger(version)) throw new StorageUnavailable("item is not a record");
    return { version, json: Item.value?.S ?? "", writer: Item.writer?.S };
  }

  /** Sends a conditional write. Returns false when its condition failed, with whether it was repeated. */
  async function write(
    send: (loaded: Loaded, abortSignal: AbortSignal) => Promise<unknown>,
  ): Promise<Written> {
    const loaded = await load();
    try {
      await bounded(callTimeoutMs, (abortSignal) => send(loaded, abortSignal));
      return { done: true, repeated: false };
    } catch (error) {
      const cause = error instanceof StorageUnavailable ? error.cause : error;
      if (!(cause instanceof loaded.dynamo.ConditionalCheckFailedException)) throw error;
      return { done: false, repeated: (cause.$metadata.attempts ?? 1) > 1 };
    }
  }

  return {
    async read<Value>(key: RecordKey): Promise<StoredRecord<Value> | undefined> {
      const item = await getItem(key);
      return item && { value: parse(item.json), version: item.version };
    },

    async compareAndSet<Value>(
      key: RecordKey,
      expected: number | null,
      value: Value,
      { expiresAt }: WriteOptions = {},
    ): Promise<number | undefined> {
      const version = (expected ?? 0) + 1;
      const writer = nonce();
      const { done, repeated } = await write(({ dynamo, client }, abortSignal) =>
        client.send(
          new dynamo.PutItemCommand({
            TableName: tableName,
            Item: {
              ...itemKey(key),
              version: { N: String(version) },
              value: { S: JSON.stringify(value) },
              writer: { S: writer },
              ...(expiresAt !== undefined && { expiresAt: { N: String(Math.ceil(expiresAt / 1000)) } }),
            },
            ...condition(expected),
          }),
          { abortSignal },
        ),
      );
      if (done) return version;
      return repeated && (await getItem(key))?.writer === writer ? version : undefined;
    },

    async remove(key: RecordKey, expected: number): Promise<boolean> {
      const { done, repeated } = await write(({ dynamo, client }, abortSignal) =>
        client.send(
          new dynamo.DeleteItemCommand({ TableName: tableName, Key: itemKey(key), ...condition(expected) }),
          { abortSignal },
        ),
      );
      return done || (repeated && (await getItem(key)) === undefined);
    },
  };
}

type Dynamo = typeof import("./dynamo-client.ts");

interface Loaded {
  dynamo: Dynamo;
  client: ReturnType<Dynamo["createClient"]>;
}

interface Item {
  version: number;
  json: string;
  writer: string | undefined;
}

interface Written {
  done: boolean;
  repeated: boolean;
}

const itemKey = (key: RecordKey) => ({ pk: { S: key.partition }, sk: { S: key.sort } });

const condition = (expected: number | null) =>
  expected === null
    ? { ConditionExpression: "attribute_not_exists(pk)" }
    : {
        ConditionExpression: "#version = :expected",
        ExpressionAttributeNames: { "#version": "version" },
        ExpressionAttributeValues: { ":expected": { N: String(expected) } },
      };

function parse(json: string) {
  try {
    return JSON.parse(json);
  } catch {
    // No cause: a parse error quotes what it read.
    throw new StorageUnavailable("item is not JSON");
  }
}

const THROTTLED = new Set([
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "RequestLimitExceeded",
]);

/**
 * The client's own time-outs bound each attempt, not what comes before it (finding credentials, for one): this
 * bounds the whole call.
 */
async function bounded<T>(timeoutMs: number, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new StorageUnavailable(`no answer within ${timeoutMs} ms`));
      controller.abort();
    }, timeoutMs);
  });
  try {
    return await Promise.race([send(controller.signal), timeout]);
  } catch (error) {
    if (error instanceof StorageUnavailable) throw error;
    const name = error instanceof Error ? error.name : "unknown failure";
    throw new StorageUnavailable(name, { cause: error, throttled: THROTTLED.has(name) });
  } finally {
    clearTimeout(timer);
  }
}
