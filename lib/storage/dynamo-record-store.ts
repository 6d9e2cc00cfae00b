import { randomUUID } from "node:crypto";
import { systemClock } from "../platform/clock.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import type { ClientOptions, DatedExchange } from "./dynamo-client.ts";
import { StorageUnavailable } from "./errors.ts";
import type { RecordKey, RecordStore, StoredRecord, WriteOptions } from "./record-store.ts";

interface DynamoRecordStoreOptions {
  tableName: string;
  /** Limit of one attempt. Default 1,000 ms. */
  requestTimeoutMs?: number;
  /** Called with the table's clock of every response. */
  onDate?: (exchange: DatedExchange) => void;
}

/** Attempts of one call, the first included, and the pause between them. */
const MAX_ATTEMPTS = 2;
const PAUSES_MS = 250;

/**
 * Records in a DynamoDB table with the string keys `pk` and `sk`, one item each:
 * `{ pk, sk, version: N, value: S (JSON), writer: S, expiresAt?: N (epoch seconds, the TTL attribute) }`.
 * The client is loaded on first use.
 *
 * `writer` names the write that produced an item. The client repeats a request whose response was lost. When the lost
 * one took effect, the repetition fails its condition although the write succeeded. So after a failed condition with
 * more than one attempt, a read decides by the item's writer. (An item overwritten since counts as a lost race: the
 * caller reads again in any case.) A repeated `remove` that finds no item has succeeded.
 * @throws StorageUnavailable for everything but a failed condition
 */
export class DynamoRecordStore implements RecordStore {
  readonly #options: DynamoRecordStoreOptions & ClientOptions;
  readonly #timeoutMs: number;
  readonly #table: { TableName: string };
  #loading: Promise<Loaded> | undefined;

  constructor(options: DynamoRecordStoreOptions) {
    const { requestTimeoutMs = 1_000 } = options;
    this.#options = { ...options, requestTimeoutMs, maxAttempts: MAX_ATTEMPTS };
    this.#table = { TableName: options.tableName };
    this.#timeoutMs = MAX_ATTEMPTS * requestTimeoutMs + PAUSES_MS;
  }

  /** Loads the client, which takes no time of the table. */
  async ready(): Promise<void> {
    await this.#load();
  }

  async read<Value>(key: RecordKey): Promise<StoredRecord<Value> | undefined> {
    const item = await this.#getItem(key);
    if (item === undefined) return undefined;
    const version = Number(item.version?.N);
    if (!Number.isSafeInteger(version)) throw new StorageUnavailable("item is not a record");
    return { value: parse(item.value?.S ?? ""), version };
  }

  async compareAndSet<Value>(
    key: RecordKey,
    expected: number | null,
    value: Value,
    { expiresAt }: WriteOptions = {},
  ): Promise<number | undefined> {
    const version = (expected ?? 0) + 1;
    const writer = randomUUID();
    const Item = {
      ...itemKey(key),
      version: { N: String(version) },
      value: { S: JSON.stringify(value) },
      writer: { S: writer },
      ...(expiresAt !== undefined && { expiresAt: { N: String(Math.ceil(expiresAt / 1000)) } }),
    };
    const { done, repeated } = await this.#write(({ dynamo, client }, abortSignal) => {
      const command = new dynamo.PutItemCommand({ ...this.#table, Item, ...condition(expected) });
      return client.send(command, { abortSignal });
    });
    if (done) return version;
    return repeated && (await this.#getItem(key))?.writer?.S === writer ? version : undefined;
  }

  async remove(key: RecordKey, expected: number): Promise<boolean> {
    const Key = itemKey(key);
    const { done, repeated } = await this.#write(({ dynamo, client }, abortSignal) => {
      const command = new dynamo.DeleteItemCommand({ ...this.#table, Key, ...condition(expected) });
      return client.send(command, { abortSignal });
    });
    return done || (repeated && (await this.#getItem(key)) === undefined);
  }

  #load(): Promise<Loaded> {
    this.#loading ??= load(this.#options);
    return this.#loading;
  }

  async #getItem(key: RecordKey) {
    const { dynamo, client } = await this.#load();
    const command = new dynamo.GetItemCommand({ ...this.#table, Key: itemKey(key), ConsistentRead: true });
    const { Item } = await bounded(this.#timeoutMs, (abortSignal) => client.send(command, { abortSignal }));
    return Item;
  }

  /** Sends a conditional write. @returns whether its condition held, and whether the client repeated it */
  async #write(
    send: (loaded: Loaded, abortSignal: AbortSignal) => Promise<unknown>,
  ): Promise<{ done: boolean; repeated: boolean }> {
    const loaded = await this.#load();
    try {
      await bounded(this.#timeoutMs, (abortSignal) => send(loaded, abortSignal));
      return { done: true, repeated: false };
    } catch (error) {
      const cause = error instanceof StorageUnavailable ? error.cause : error;
      if (!(cause instanceof loaded.dynamo.ConditionalCheckFailedException)) throw error;
      return { done: false, repeated: (cause.$metadata.attempts ?? 1) > 1 };
    }
  }
}

type Loaded = Awaited<ReturnType<typeof load>>;

async function load(options: ClientOptions) {
  const dynamo = await import("./dynamo-client.ts");
  return { dynamo, client: dynamo.createClient(options) };
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
    // No cause: a parse error quotes its input.
    throw new StorageUnavailable("item is not JSON");
  }
}

/** Limits the whole call: the client's timeouts do not cover the time before an attempt, such as finding credentials. */
async function bounded<T>(timeoutMs: number, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ended = new AbortController();
  const timeUp = () => new StorageUnavailable(`no response within ${timeoutMs} ms`);
  try {
    return await withTimeout(send(ended.signal), { clock: systemClock, timeoutMs, timeUp });
  } catch (error) {
    // After a response there is nothing to abort, which would make an error with a stack.
    ended.abort();
    if (error instanceof StorageUnavailable) throw error;
    const name = error instanceof Error ? error.name : "unknown failure";
    throw new StorageUnavailable(name, { cause: error });
  }
}
