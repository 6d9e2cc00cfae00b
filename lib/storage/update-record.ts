import type { Clock } from "../platform/clock.ts";
import { StorageUnavailable } from "./errors.ts";
import type { RecordKey, RecordStore, StoredRecord, WriteOptions } from "./record-store.ts";

export interface UpdateDeps {
  records: RecordStore;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
}

export interface Edit<Value> extends WriteOptions {
  value: Value;
}

/** The pause before the third attempt is random up to twice this; it doubles with each further one. */
const FIRST_BACKOFF_MS = 40;
const MAX_DOUBLINGS = 5;

/**
 * Changes a record by compare-and-set: reads it, applies `edit`, and starts again when another writer was first.
 * @param edit is given the stored value, or `undefined` when there is no record; it returns the new value, or
 * `undefined` to leave the record as it is. It may run several times, so it must be free of side effects.
 * @param maxTries the first attempt included
 * @returns the record as it is afterwards
 * @throws StorageUnavailable, also after `maxTries` lost races
 */
export async function updateRecord<Value>(
  { records, clock, random }: UpdateDeps,
  key: RecordKey,
  edit: (value: Value | undefined) => Edit<Value> | undefined | Promise<Edit<Value> | undefined>,
  maxTries = 8,
): Promise<StoredRecord<Value> | undefined> {
  for (let lostRaces = 0; lostRaces < maxTries; lostRaces += 1) {
    if (lostRaces > 1) await clock.sleep(backoffMs(lostRaces - 1, random));
    const stored = await records.read<Value>(key);
    const next = await edit(stored?.value);
    if (next === undefined) return stored;
    const { value, ...options } = next;
    const version = await records.compareAndSet(key, stored?.version ?? null, value, options);
    if (version !== undefined) return { value, version };
  }
  throw new StorageUnavailable("the record is contended");
}

/** Full jitter, so that writers that lost a race together do not meet again. @param lostRaces 1 or more */
export function backoffMs(lostRaces: number, random: () => number): number {
  return random() * FIRST_BACKOFF_MS * 2 ** Math.min(lostRaces, MAX_DOUBLINGS);
}
