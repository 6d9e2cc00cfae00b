import type { RecordKey, RecordStore } from "../../lib/storage/record-store.ts";
import { createMemoryRecordStore } from "../support/memory-record-store.ts";

/** The units a table would count [AWS]: one write unit per KB written or deleted, one read unit per 4 KB read. */
export interface Meter {
  reads: number;
  readUnits: number;
  writes: number;
  writeUnits: number;
  /** Write units by the kind of record, such as `chunk`. */
  byKind: Record<string, number>;
}

const WRITER_BYTES = 36;
/** The size of the attribute names and of their numbers. */
const OVERHEAD_BYTES = "pk".length + "sk".length + "version".length + "value".length + "writer".length + 8;

/** The size of the item that DynamoDB would have. */
export const itemBytes = ({ partition, sort }: RecordKey, json: string) =>
  OVERHEAD_BYTES + WRITER_BYTES + partition.length + sort.length + Buffer.byteLength(json);
export const writeUnits = (bytes: number) => Math.max(1, Math.ceil(bytes / 1024));
export const readUnits = (bytes: number) => Math.max(1, Math.ceil(bytes / 4096));

/** Records in memory; each call is measured as the equivalent DynamoDB item. */
export function createMeteredRecords(): { records: RecordStore; meter: () => Meter } {
  const store = createMemoryRecordStore();
  let meter = emptyMeter();
  const countWrite = (key: RecordKey, bytes: number) => {
    const units = writeUnits(bytes);
    const [kind = ""] = key.sort.split("#");
    meter.writes += 1;
    meter.writeUnits += units;
    meter.byKind[kind] = (meter.byKind[kind] ?? 0) + units;
  };
  const countRead = (key: RecordKey, value: unknown) => {
    meter.reads += 1;
    meter.readUnits += readUnits(itemBytes(key, JSON.stringify(value) ?? ""));
  };
  return {
    records: {
      async read(key) {
        const stored = await store.read<never>(key);
        countRead(key, stored?.value);
        return stored;
      },
      async compareAndSet(key, expected, value, options) {
        // A failed condition costs as much as a write.
        countWrite(key, itemBytes(key, JSON.stringify(value)));
        return store.compareAndSet(key, expected, value, options);
      },
      async remove(key, expected) {
        const stored = await store.read(key);
        countWrite(key, itemBytes(key, JSON.stringify(stored?.value) ?? ""));
        return store.remove(key, expected);
      },
    },
    /** Counts since the last call. */
    meter() {
      const counted = meter;
      meter = emptyMeter();
      return counted;
    },
  };
}

function emptyMeter(): Meter {
  return { reads: 0, readUnits: 0, writes: 0, writeUnits: 0, byKind: {} };
}
