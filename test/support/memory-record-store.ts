import { StorageUnavailable } from "../../lib/storage/errors.ts";
import type { RecordKey, RecordStore, StoredRecord, WriteOptions } from "../../lib/storage/record-store.ts";
import type { EffectOptions, Instance } from "./schedule.ts";

export interface RecordCall {
  operation: "read" | "compareAndSet" | "remove";
  key: RecordKey;
}

/**
 * A test's hook around each call. Throwing in `before` is a request that never arrived; throwing in `after` is one that
 * took effect and whose response was lost; awaiting is a delay.
 */
export interface RecordFaults {
  before?(call: RecordCall): void | Promise<void>;
  after?(call: RecordCall): void | Promise<void>;
}

export interface MemoryRecordStore extends RecordStore {
  /** Every record as the table would hold it, for assertions on leaks and writes. */
  dump(): Array<{ key: RecordKey; version: number; json: string; expiresAt?: number }>;
  /** Replaces the whole table by an older dump of it. */
  restore(dump: ReturnType<MemoryRecordStore["dump"]>): void;
  /** Puts a record into the table directly, as a person with access to the table could. */
  plant(key: RecordKey, version: number, json: string): void;
  /** Each write that took effect, in order. */
  onWrite?: ((key: RecordKey, version: number, json: string) => void) | undefined;
  faults: RecordFaults;
}

interface Entry {
  key: RecordKey;
  version: number;
  json: string;
  expiresAt?: number;
}

/** The record store's semantics without a database: values are copied through JSON, as in the table. */
export function createMemoryRecordStore(faults: RecordFaults = {}): MemoryRecordStore {
  const entries = new Map<string, Entry>();
  const idOf = (key: RecordKey) => JSON.stringify([key.partition, key.sort]);

  async function around<T>(operation: RecordCall["operation"], key: RecordKey, act: () => T): Promise<T> {
    await store.faults.before?.({ operation, key });
    const result = act();
    await store.faults.after?.({ operation, key });
    return result;
  }

  const store: MemoryRecordStore = {
    faults,
    read: <Value>(key: RecordKey) =>
      around("read", key, (): StoredRecord<Value> | undefined => {
        const entry = entries.get(idOf(key));
        return entry && { value: JSON.parse(entry.json), version: entry.version };
      }),
    compareAndSet: <Value>(key: RecordKey, expected: number | null, value: Value, options?: WriteOptions) =>
      around("compareAndSet", key, () => {
        const current = entries.get(idOf(key));
        if ((current?.version ?? null) !== expected) return undefined;
        const version = (expected ?? 0) + 1;
        const json = JSON.stringify(value);
        entries.set(idOf(key), { key, version, json, ...options });
        store.onWrite?.(key, version, json);
        return version;
      }),
    remove: (key, expected) =>
      around("remove", key, () => {
        if (entries.get(idOf(key))?.version !== expected) return false;
        return entries.delete(idOf(key));
      }),
    dump: () => [...entries.values()].map((entry) => ({ ...entry })),
    restore: (dump) => {
      entries.clear();
      for (const entry of dump) entries.set(idOf(entry.key), { ...entry });
    },
    plant: (key, version, json) => {
      entries.set(idOf(key), { key, version, json });
    },
  };
  return store;
}

/**
 * The store as one instance of a schedule sees it: every call takes time, may be lost or repeated, and may outlive its
 * caller. A lost message surfaces as `StorageUnavailable`, as from DynamoDB.
 */
export function overNetwork(
  store: RecordStore,
  instance: Instance,
  options: EffectOptions = {},
): RecordStore {
  const how: EffectOptions = {
    lost: (arrived) => new StorageUnavailable("lost", { cause: new Error(arrived ? "response" : "request") }),
    ...options,
  };
  const at = (key: RecordKey) => `${key.partition}/${key.sort}`;
  return {
    read: (key) => instance.effect(`read ${at(key)}`, () => store.read(key), how),
    compareAndSet: (key, expected, value, writeOptions) =>
      instance.effect(
        `set ${at(key)} if ${expected}`,
        () => store.compareAndSet(key, expected, value, writeOptions),
        how,
      ),
    remove: (key, expected) =>
      instance.effect(`remove ${at(key)} if ${expected}`, () => store.remove(key, expected), how),
  };
}
