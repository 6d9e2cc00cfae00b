import { compress, decompress } from "../../platform/compression.ts";
import type { RecordStore, StoredRecord, WriteOptions } from "../../storage/record-store.ts";
import { type Edit, type UpdateDeps, updateRecord } from "../../storage/update-record.ts";

export interface Compressed {
  deflated: string;
}

export async function compressValue(value: unknown): Promise<Compressed> {
  return { deflated: await compress(JSON.stringify(value)) };
}

export async function decompressValue<Value>({ deflated }: Compressed): Promise<Value> {
  return JSON.parse(await decompress(deflated));
}

/** The records of one account's sync, by their sort keys. */
export class AccountRecords {
  readonly accountId: string;
  readonly #store: RecordStore;

  constructor(store: RecordStore, accountId: string) {
    [this.#store, this.accountId] = [store, accountId];
  }

  read<Value>(key: string): Promise<StoredRecord<Value> | undefined> {
    return this.#store.read(this.#keyOf(key));
  }

  compareAndSet(
    key: string,
    expected: number | null,
    value: unknown,
    options?: WriteOptions,
  ): Promise<number | undefined> {
    return this.#store.compareAndSet(this.#keyOf(key), expected, value, options);
  }

  update<Value>(
    deps: Omit<UpdateDeps, "records">,
    key: string,
    edit: (stored: Value | undefined) => Edit<Value> | undefined | Promise<Edit<Value> | undefined>,
  ): Promise<StoredRecord<Value> | undefined> {
    return updateRecord(
      { clock: deps.clock, random: deps.random, records: this.#store },
      this.#keyOf(key),
      edit,
    );
  }

  /**
   * Writes a record that is never altered, compressed. An existing record has the same content: the key names the
   * content or the only process that may write it.
   */
  async writeOnce(key: string, value: unknown, options?: WriteOptions): Promise<void> {
    await this.compareAndSet(key, null, await compressValue(value), options);
  }

  /** @returns the value of `writeOnce`, or undefined when there is no record */
  async readOnce<Value>(key: string): Promise<Value | undefined> {
    const stored = await this.read<Compressed>(key);
    return stored && decompressValue<Value>(stored.value);
  }

  /** Removes a record of `writeOnce`. */
  async removeOnce(key: string): Promise<void> {
    await this.#store.remove(this.#keyOf(key), 1);
  }

  #keyOf(sort: string) {
    return { partition: `sync#${this.accountId}`, sort };
  }
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
