import type { PhoneNumber } from "../../contract/company-numbers.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { type Manifest, readWholeSnapshot } from "../snapshot/snapshot-store.ts";
import type { Head } from "../snapshot/sync-records.ts";

/** The snapshot a run starts from. */
export interface Base {
  /** In order. */
  numbers: readonly PhoneNumber[];
  /** Place of each id. */
  places: ReadonlyMap<string, number>;
  manifest?: Manifest;
}

export const emptyBase: Base = { numbers: [], places: new Map() };

/** @throws StorageUnavailable, also when the snapshot is damaged */
export async function readBase(records: RecordStore, accountId: string, head: Head): Promise<Base> {
  const snapshot = await readWholeSnapshot(records, accountId, head);
  return { ...snapshot, places: new Map(snapshot.numbers.map(({ id }, place) => [id, place])) };
}
