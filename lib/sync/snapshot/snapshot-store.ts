import type { PhoneNumber } from "../../contract/company-numbers.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import { type Head, readVersion } from "./head.ts";
import { cutIntoChunks } from "./number-chunks.ts";
import { inBatches, type SyncRecords } from "./sync-records.ts";

/** Table of contents of a snapshot. */
export interface Manifest {
  /** The snapshot, in order. */
  chunks: ChunkEntry[];
  /** Chunks of the version before that neither this version nor a later one contains. */
  retires: string[];
  previous?: ManifestName;
}

export interface ChunkEntry {
  /** `<run>#<hash of the content>`; several versions may share a chunk. */
  key: string;
  count: number;
}

/** A version and the run that wrote it. */
interface ManifestName {
  version: number;
  runId: string;
}

const manifestKey = ({ version, runId }: ManifestName) => `manifest#${version}#${runId}`;
const chunkKey = (key: string) => `chunk#${key}`;

/** Longest iteration over one snapshot. */
export const ITERATION_LIFETIME_MS = 24 * 60 * 60 * 1000;
/** An iteration may last a day after the next version replaced its own; one more hour covers clocks and late writes. */
const KEPT_MS = ITERATION_LIFETIME_MS + 60 * 60 * 1000;
/** Versions deleted by one run. */
const MAX_VERSIONS = 20;
/** Version up to which old versions are deleted. */
const COLLECTED = "collected";
/** About 60 MB. */
const MAX_KEPT_NUMBERS = 120_000;

/** LRU cache of chunks, which never change. */
const kept = new Map<string, PhoneNumber[]>();
let keptNumbers = 0;

/** Empties the chunk cache, as in a cold start. For tests. */
export function forgetChunks(): void {
  kept.clear();
  keptNumbers = 0;
}

/** @returns undefined when it is deleted */
export const readManifest = (records: SyncRecords, name: ManifestName) =>
  records.readCompressed<Manifest>(manifestKey(name));

/** The numbers of one chunk, in order; do not alter them. @returns undefined when it is deleted */
export async function readChunk(records: SyncRecords, key: string): Promise<PhoneNumber[] | undefined> {
  const name = `${records.partition}/${key}`;
  const numbers = kept.get(name) ?? (await records.readCompressed<PhoneNumber[]>(chunkKey(key)));
  if (numbers !== undefined) keep(name, numbers);
  return numbers;
}

function keep(name: string, numbers: PhoneNumber[]): void {
  if (!kept.delete(name)) keptNumbers += numbers.length;
  kept.set(name, numbers);
  for (const [oldest, { length }] of kept) {
    if (keptNumbers <= MAX_KEPT_NUMBERS || oldest === name) return;
    kept.delete(oldest);
    keptNumbers -= length;
  }
}

/** All numbers of the chunks, in order. @returns undefined when a chunk is deleted */
export async function readChunks(
  records: SyncRecords,
  entries: readonly ChunkEntry[],
): Promise<PhoneNumber[] | undefined> {
  const lists = await inBatches(entries, ({ key }) => readChunk(records, key));
  const found = lists.filter((list) => list !== undefined);
  return found.length === entries.length ? found.flat() : undefined;
}

/** The head's snapshot. @throws StorageUnavailable when it is damaged */
export async function readWholeSnapshot(
  records: SyncRecords,
  { latest, version }: Head,
): Promise<{ numbers: PhoneNumber[]; manifest?: Manifest | undefined }> {
  if (latest === undefined) return { numbers: [] };
  const manifest = await readManifest(records, { version, runId: latest.runId });
  const numbers = manifest && (await readChunks(records, manifest.chunks));
  if (numbers === undefined) throw new StorageUnavailable("snapshot incomplete");
  return { numbers, manifest };
}

/**
 * Writes the head's next version: the chunks that the version before lacks, and the manifest. Both are invisible until
 * the head names them. Repeatable after a crash: the same numbers make the same records.
 * @param snapshot `before` is the manifest of the head's version
 */
export async function writeSnapshot(
  records: SyncRecords,
  { version, latest }: Head,
  snapshot: { runId: string; numbers: Iterable<PhoneNumber>; before: Manifest | undefined },
): Promise<void> {
  const { runId, numbers, before } = snapshot;
  const known = new Map(before?.chunks.map(({ key }) => [key.slice(key.indexOf("#") + 1), key]));
  const chunks = await inBatches(cutIntoChunks(numbers), async ({ hash, numbers }): Promise<ChunkEntry> => {
    const key = known.get(hash) ?? `${runId}#${hash}`;
    if (!known.has(hash)) await records.writeOnce(chunkKey(key), numbers);
    return { key, count: numbers.length };
  });
  const used = new Set(chunks.map(({ key }) => key));
  const manifest: Manifest = {
    chunks,
    retires: [...known.values()].filter((key) => !used.has(key)),
    ...(latest && { previous: { version, runId: latest.runId } }),
  };
  await records.writeOnce(manifestKey({ version: version + 1, runId }), manifest);
}

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
