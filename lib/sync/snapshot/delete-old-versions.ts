import type { RecordStore } from "../../storage/record-store.ts";
import { inBatches } from "./compressed-records.ts";
import { readManifest, readVersion } from "./snapshot-store.ts";
import { chunkKey, collectedKey, type Head, ITERATION_LIFETIME_MS, manifestKey } from "./sync-records.ts";

/** A version may be walked for a day after the next took its place; and clocks and late writes have their hour. */
const KEPT_MS = ITERATION_LIFETIME_MS + 60 * 60 * 1000;
/** So many versions at a time; the next run does the rest. */
const MAX_VERSIONS = 20;

/**
 * Deletes the snapshots that no walk can be in any more: of each version that has been current for more than a day,
 * what it retired of the one before, and that one's manifest. A retired chunk is in no later version, so nothing that
 * is read can be hit. Crashes only leave it to the next run.
 * @returns how far it got, and how many chunks went; undefined when there was nothing to do
 */
export async function deleteOldVersions(
  records: RecordStore,
  accountId: string,
  head: Head,
  now: number,
): Promise<{ upToVersion: number; chunks: number } | undefined> {
  // What the first version took the place of is nothing.
  const key = collectedKey(accountId);
  const stored = await records.read<{ upToVersion: number }>(key);
  const before = stored?.value.upToVersion ?? 1;
  let upToVersion = before;
  let chunks = 0;
  while (upToVersion < head.version && upToVersion - before < MAX_VERSIONS) {
    const version = upToVersion + 1;
    const made = version === head.version ? head.latest : await readVersion(records, accountId, version);
    // Long expired: nobody has synced for months, and what it retired can no longer be told.
    if (made !== undefined) {
      if (made.committedAt + KEPT_MS > now) break;
      chunks += await collectBehind(records, accountId, version, made.runId);
    }
    upToVersion = version;
  }
  if (upToVersion === before) return undefined;
  await records.compareAndSet(key, stored?.version ?? null, { upToVersion });
  return { upToVersion, chunks };
}

async function collectBehind(
  records: RecordStore,
  accountId: string,
  version: number,
  runId: string,
): Promise<number> {
  const manifest = await readManifest(records, accountId, version, runId);
  if (manifest === undefined) return 0;
  const { retires, previous } = manifest;
  // Written once, so at version 1; what is gone already is left alone.
  await inBatches(retires, (chunk) => records.remove(chunkKey(accountId, chunk), 1));
  if (previous !== undefined) {
    await records.remove(manifestKey(accountId, previous.version, previous.runId), 1);
  }
  return retires.length;
}
