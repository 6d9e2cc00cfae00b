import { compress, decompress } from "../../platform/compression.ts";
import type { RecordKey, RecordStore, StoredRecord, WriteOptions } from "../../storage/record-store.ts";
import { type Edit, type UpdateDeps, updateRecord } from "../../storage/update-record.ts";

/** A value as compressed JSON: a list of numbers costs a sixth of the write units. */
interface Compressed {
  deflated: string;
}

type Deps = Pick<UpdateDeps, "clock" | "random">;

/** The records of one account's sync by their sort keys, or without an account those of all syncs. */
export class SyncRecords {
  readonly partition: string;
  readonly #store: RecordStore;

  constructor(store: RecordStore, accountId?: string) {
    this.#store = store;
    this.partition = accountId === undefined ? "sync" : `sync#${accountId}`;
  }

  read<Value>(key: string): Promise<StoredRecord<Value> | undefined> {
    return this.#store.read(this.#at(key));
  }

  compareAndSet(key: string, expected: number | null, value: unknown, options?: WriteOptions) {
    return this.#store.compareAndSet(this.#at(key), expected, value, options);
  }

  update<Value>(
    { clock, random }: Deps,
    key: string,
    edit: (stored: Value | undefined) => Edit<Value> | undefined | Promise<Edit<Value> | undefined>,
  ): Promise<StoredRecord<Value> | undefined> {
    return updateRecord({ clock, random, records: this.#store }, this.#at(key), edit);
  }

  /**
   * Writes a compressed record that is never altered. An existing record has the same content: the key names the content
   * or the only process that may write it.
   */
  async writeOnce(key: string, value: unknown, options?: WriteOptions): Promise<void> {
    await this.compareAndSet(key, null, await compressed(value), options);
  }

  /** @returns the value of a compressed record, or undefined when there is no record */
  async readCompressed<Value>(key: string): Promise<Value | undefined> {
    const stored = await this.read<Compressed>(key);
    return stored && decompressed<Value>(stored.value);
  }

  /** @param edit returns undefined to leave the compressed record as it is */
  async updateCompressed<Value>(
    deps: Deps,
    key: string,
    edit: (stored: Value | undefined) => Value | undefined,
  ): Promise<void> {
    await this.update<Compressed>(deps, key, async (stored) => {
      const value = edit(stored && (await decompressed<Value>(stored)));
      return value && { value: await compressed(value) };
    });
  }

  /** Removes a record of `writeOnce`. */
  async removeOnce(key: string): Promise<void> {
    await this.#store.remove(this.#at(key), 1);
  }

  #at(sort: string): RecordKey {
    return { partition: this.partition, sort };
  }
}

async function compressed(value: unknown): Promise<Compressed> {
  return { deflated: await compress(JSON.stringify(value)) };
}

async function decompressed<Value>({ deflated }: Compressed): Promise<Value> {
  return JSON.parse(await decompress(deflated));
}

/** Records read or written at the same time. */
const CONCURRENCY = 16;

/** @returns the results in the order of the items */
export async function inBatches<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += CONCURRENCY) {
    results.push(...(await Promise.all(items.slice(start, start + CONCURRENCY).map(act))));
  }
  return results;
}
