import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { RecordKey, RecordStore, WriteOptions } from "../../storage/record-store.ts";

/** Lists of numbers repeat themselves: deflated they take a sixth of the room, and so of the write units. */
interface Packed {
  deflated: string;
}

/**
 * Writes a record that is never altered. When there is one already, it is this very one: its key names what is in it,
 * or the only process that may write it.
 */
export async function writeOnce(
  records: RecordStore,
  key: RecordKey,
  value: unknown,
  options: WriteOptions = {},
): Promise<void> {
  const packed: Packed = { deflated: deflateRawSync(JSON.stringify(value)).toString("base64") };
  await records.compareAndSet(key, null, packed, options);
}

/** @returns what `writeOnce` wrote, or undefined when it is not there (any more) */
export async function readPacked<Value>(records: RecordStore, key: RecordKey): Promise<Value | undefined> {
  const stored = await records.read<Packed>(key);
  return stored && JSON.parse(inflateRawSync(Buffer.from(stored.value.deflated, "base64")).toString("utf8"));
}

/** How many records are read or written at a time. */
const AT_ONCE = 16;

/** The results in the order of the items. */
export async function inBatches<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(start, start + AT_ONCE).map(act))));
  }
  return results;
}
