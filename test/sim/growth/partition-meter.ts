import type { RecordKey } from "../../../lib/storage/record-store.ts";
import { itemBytes, readUnits, writeUnits } from "../../bench/metered-records.ts";
import { createMemoryRecordStore, type MemoryRecordStore } from "../../support/memory-record-store.ts";

/** What one partition key took. */
export interface Partition {
  key: string;
  readUnits: number;
  writeUnits: number;
}

/** A store in memory that counts each partition's units as DynamoDB would, and knows the size of each item. */
export class PartitionMeter {
  readonly records: MemoryRecordStore;
  readonly #sizes = new Map<string, { key: RecordKey; bytes: number }>();
  readonly #units = new Map<string, Partition>();
  #hasWritten = false;

  constructor() {
    this.records = createMemoryRecordStore({
      after: ({ operation, key }) => {
        const bytes = this.#sizes.get(idOf(key))?.bytes ?? 0;
        if (operation === "read") this.#of(key).readUnits += readUnits(bytes);
        // A write whose condition fails costs as much as the item has.
        else if (!this.#hasWritten) this.#of(key).writeUnits += writeUnits(bytes);
        if (operation === "remove") this.#sizes.delete(idOf(key));
        this.#hasWritten = false;
      },
    });
    this.records.onWrite = (key, _, json) => {
      const bytes = itemBytes(key, json);
      const before = this.#sizes.get(idOf(key))?.bytes ?? 0;
      this.#sizes.set(idOf(key), { key, bytes });
      this.#of(key).writeUnits += writeUnits(Math.max(before, bytes));
      this.#hasWritten = true;
    };
  }

  #of({ partition }: RecordKey): Partition {
    const known = this.#units.get(partition) ?? { key: partition, readUnits: 0, writeUnits: 0 };
    this.#units.set(partition, known);
    return known;
  }

  /** Forgets the units so far. */
  restart(): void {
    this.#units.clear();
  }

  partitions = (): Partition[] => [...this.#units.values()];
  items = () => [...this.#sizes.values()];
}

const idOf = ({ partition, sort }: RecordKey) => JSON.stringify([partition, sort]);
