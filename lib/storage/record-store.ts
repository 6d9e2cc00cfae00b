/**
 * The storage primitive of all protocols: a record changed by compare-and-set on its version. It maps to one DynamoDB
 * item and one conditional write, so it needs no transactions and runs on every DynamoDB emulator.
 */
export interface RecordStore {
  /** Strongly consistent. A record past `expiresAt` may still be returned: TTL deletion lags. */
  read<Value>(key: RecordKey): Promise<StoredRecord<Value> | undefined>;
  /**
   * Writes the record if its version is still `expected` (`null` = if it does not exist).
   * @returns the new version, or `undefined` when another writer was first
   */
  compareAndSet<Value>(
    key: RecordKey,
    expected: number | null,
    value: Value,
    options?: WriteOptions,
  ): Promise<number | undefined>;
  /** Removes the record if its version is still `expected`. @returns false when another writer was first */
  remove(key: RecordKey, expected: number): Promise<boolean>;
}

/** `partition` and `sort` become the table's `pk` and `sk`. */
export interface RecordKey {
  partition: string;
  sort: string;
}

/** A key as one text. */
export const nameOf = ({ partition, sort }: RecordKey) => JSON.stringify([partition, sort]);

export interface StoredRecord<Value> {
  value: Value;
  /** Grows by one with every write. A record that is removed and created again starts at 1. */
  version: number;
}

export interface WriteOptions {
  /** Epoch milliseconds after which the record may be deleted (DynamoDB TTL attribute `expiresAt`, seconds). */
  expiresAt?: number;
}
