import { compress, decompress } from "../../platform/compression.ts";
import type { RecordKey, RecordStore, WriteOptions } from "../../storage/record-store.ts";

export interface Compressed {
  deflated: string;
}

export async function compressValue(value: unknown): Promise<Compressed> {
  return { deflated: await compress(JSON.stringify(value)) };
}

export async function decompressValue<Value>({ deflated }: Compressed): Promise<Value> {
  return JSON.parse(await decompress(deflated));
}

/**
 * Writes a record that is never altered. An existing record has the same content: the key names the content or the only
 * process that may write it.
 */
export async function writeOnce(
  records: RecordStore,
  key: RecordKey,
  value: unknown,
  options: WriteOptions = {},
): Promise<void> {
  await records.compareAndSet(key, null, await compressValue(value), options);
}

/** @returns the value of `writeOnce`, or undefined when there is no record */
export async function readCompressed<Value>(
  records: RecordStore,
  key: RecordKey,
): Promise<Value | undefined> {
  const stored = await records.read<Compressed>(key);
  return stored && decompressValue<Value>(stored.value);
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
