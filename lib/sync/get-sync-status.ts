import type { SyncStatus } from "../contract/sync.ts";
import type { RecordStore } from "../storage/record-store.ts";
import { readSyncStatus } from "./status.ts";

/** `GET /v1/sync`: the caller's one account. */
export async function getSyncStatus(
  deps: { records: RecordStore; now: () => number },
  { accountId }: { accountId: string },
): Promise<SyncStatus[]> {
  return [await readSyncStatus(deps, accountId)];
}
