import type { RecordStore } from "../../storage/record-store.ts";
import { inBatches } from "./compressed-records.ts";
import { readManifest, readVersion } from "./snapshot-store.ts";
import { chunkKey, collectedKey, type Head, ITERATION_LIFETIME_MS, manifestKey } from "./sync-records.ts";

/** An iteration may last a day after the next version replaced its own; one more hour covers clocks and late writes. */
const KEPT_MS = ITERATION_LIFETIME_MS + 60 * 60 * 1000;
/** Versions deleted by one run. */
const MAX_VERSIONS = 20;

/**
 * Deletes snapshots that no iteration can read any more. For each version that is more than a day old: the chunks that
 * it retired from the version before, and that version's manifest. A retired chunk is in no later version, so readers
 * lose nothing. After a crash the next run continues.
 * @returns the last version handled and the count of deleted chunks; undefined when there was nothing to delete
 */
export async function deleteOldVersions(
  records: RecordStore,
  accountId: string,
  head: Head,
  now: number,
): Promise<{ upToVersion: number; chunks: number } | undefined> {
  // The first version replaced nothing.
  const key = collectedKey(accountId);
  const stored = await records.read<{ upToVersion: number }>(key);
  const before = stored?.value.upToVersion ?? 1;
  let upToVersion = before;
  let chunks = 0;
  while (upToVersion < head.version && upToVersion - before < MAX_VERSIONS) {
    const version = upToVersion + 1;
    const made = await readVersion(records, accountId, head, version);
    // Expired: the account was not synced for months, and the retired chunks are no longer known.
    if (made !== undefined) {
      if (made.committedAt + KEPT_MS > now) break;
      chunks += await deleteBefore(records, accountId, version, made.runId);
    }
    upToVersion = version;
  }
  if (upToVersion === before) return undefined;
  await records.compareAndSet(key, stored?.version ?? null, { upToVersion });
  return { upToVersion, chunks };
}

async function deleteBefore(
  records: RecordStore,
  accountId: string,
  version: number,
  runId: string,
): Promise<number> {
  const manifest = await readManifest(records, accountId, version, runId);
  if (manifest === undefined) return 0;
  const { retires, previous } = manifest;
  // Written once, so at version 1. Chunks that are already deleted are skipped.
  await inBatches(retires, (chunk) => records.remove(chunkKey(accountId, chunk), 1));
  if (previous !== undefined) {
    await records.remove(manifestKey(accountId, previous.version, previous.runId), 1);
  }
  return retires.length;
}
