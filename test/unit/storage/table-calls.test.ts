import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createClient } from "../../../lib/storage/dynamo-client.ts";
import { DynamoRecordStore } from "../../../lib/storage/dynamo-record-store.ts";
import { StorageUnavailable } from "../../../lib/storage/errors.ts";

const key = { partition: "p", sort: "s" };
const store = new DynamoRecordStore({ tableName: "records", requestTimeoutMs: 1 });

/** What the client is given, and its answer to all of it. */
function answering(answer: () => Promise<unknown>): unknown[] {
  const inputs: unknown[] = [];
  vi.spyOn(DynamoDBClient.prototype, "send").mockImplementation(({ input }: { input: unknown }) => {
    inputs.push(input);
    return answer();
  });
  return inputs;
}

describe("a call of the table", () => {
  beforeAll(() => {
    vi.stubEnv("AWS_REGION", "eu-central-1");
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  it("reads what was written last", async () => {
    const inputs = answering(async () => ({}));
    await store.read(key);
    expect(inputs).toMatchObject([{ ConsistentRead: true }]);
  });

  it("that is throttled is an outage, and no lost race", async () => {
    const throttled = Object.assign(new Error("slow down"), { name: "ThrottlingException" });
    answering(() => Promise.reject(throttled));
    await expect(store.compareAndSet(key, 1, "x")).rejects.toThrow(
      "storage unavailable: ThrottlingException",
    );
    await expect(store.remove(key, 1)).rejects.toThrow(StorageUnavailable);
    await expect(store.read(key)).rejects.toThrow(StorageUnavailable);
  });

  it("ends in time also when the client never ends it, as without credentials", async () => {
    answering(() => new Promise(() => {}));
    const calls = [store.read(key), store.compareAndSet(key, 1, "x"), store.remove(key, 1)];
    for (const { status } of await Promise.allSettled(calls)) expect(status).toBe("rejected");
  });

  it("is aborted when its time is up, and left alone when it is in time", async () => {
    const signals: { readonly aborted?: boolean }[] = [];
    let answer: () => Promise<unknown> = async () => ({});
    vi.spyOn(DynamoDBClient.prototype, "send").mockImplementation(
      (_: unknown, { abortSignal = {} }: { abortSignal?: { readonly aborted?: boolean } }) => {
        signals.push(abortSignal);
        return answer();
      },
    );
    await store.read(key);
    answer = () => new Promise(() => {});
    await expect(store.read(key)).rejects.toThrow(StorageUnavailable);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
  });

  it("has no step that only describes it", () => {
    const { middlewareStack } = createClient({ requestTimeoutMs: 1, maxAttempts: 1 });
    expect(middlewareStack.identify().join()).toMatch(/retry/);
    expect(middlewareStack.identify().join()).not.toMatch(/logger|useragent/i);
  });

  it("tells of an item that is no record without its content", async () => {
    answering(async () => ({ Item: { version: { N: "1" }, value: { S: "+12025550123" } } }));
    await expect(store.read(key)).rejects.toThrow(/^storage unavailable: item is not JSON$/);
  });
});
