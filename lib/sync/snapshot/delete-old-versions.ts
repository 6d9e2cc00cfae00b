import { type Head, readVersion } from "./head.ts";
import { ITERATION_LIFETIME_MS } from "./snapshot.ts";
import { chunkKey, type ManifestName, manifestKey, readManifest } from "./snapshot-store.ts";
import { inBatches, type SyncRecords } from "./sync-records.ts";

/** An iteration may last a day after the next version replaced its own; one more hour covers clocks and late writes. */
const KEPT_MS = ITERATION_LIFETIME_MS + 60 * 60 * 1000;
/** Versions deleted by one run. */
const MAX_VERSIONS = 20;
/** Version up to which old versions are deleted. */
const COLLECTED = "collected";

/**
 * Deletes snapshots that no iteration can read any more. For each version that is more than a day old: the chunks that
 * it retired from the version before, and that version's manifest. A retired chunk is in no later version, so readers
 * lose nothing. After a crash the next run continues.
 * @returns the last version handled and the count of deleted chunks; undefined when there was nothing to delete
 */
export async function deleteOldVersions(
  records: SyncRecords,
  head: Head,
  now: number,
): Promise<{ upToVersion: number; chunks: number } | undefined> {
  const stored = await records.read<{ upToVersion: number }>(COLLECTED);
  // The first version replaced nothing.
  const before = stored?.value.upToVersion ?? 1;
  let upToVersion = before;
  let chunks = 0;
  while (upToVersion < head.version && upToVersion - before < MAX_VERSIONS) {
    const version = upToVersion + 1;
    const made = await readVersion(records, head, version);
    // Expired: the account was not synced for months, and the retired chunks are no longer known.
    if (made !== undefined) {
      if (made.committedAt + KEPT_MS > now) break;
      chunks += await deleteBefore(records, { version, runId: made.runId });
    }
    upToVersion = version;
  }
  if (upToVersion === before) return undefined;
  await records.compareAndSet(COLLECTED, stored?.version ?? null, { upToVersion });
  return { upToVersion, chunks };
}

/** Chunks and manifests that are already deleted are skipped. */
async function deleteBefore(records: SyncRecords, name: ManifestName): Promise<number> {
  const { retires = [], previous } = (await readManifest(records, name)) ?? {};
  await inBatches(retires, (key) => records.removeOnce(chunkKey(key)));
  if (previous !== undefined) await records.removeOnce(manifestKey(previous));
  return retires.length;
}
