import type { PhoneNumber } from "../../contract/company-numbers.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { inBatches, readCompressed, writeOnce } from "./compressed-records.ts";
import { cutIntoChunks } from "./number-chunks.ts";
import {
  chunkKey,
  emptyHead,
  type Head,
  headKey,
  manifestKey,
  type VersionRecord,
  versionKey,
} from "./sync-records.ts";

/** Table of contents of a snapshot. */
export interface Manifest {
  /** The snapshot, in order. */
  chunks: ChunkEntry[];
  /** Chunks of the version before that neither this version nor a later one contains. */
  retires: string[];
  /** The version before and the run that wrote it. */
  previous?: { version: number; runId: string };
}

export interface ChunkEntry {
  /** `<run>#<hash of the content>`; several versions may share a chunk. */
  key: string;
  count: number;
}

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

export async function readHead(records: RecordStore, accountId: string): Promise<Head> {
  return (await records.read<Head>(headKey(accountId)))?.value ?? emptyHead;
}

/** @returns undefined when the record has expired; the latest version is in the head, before it has a record */
export async function readVersion(
  records: RecordStore,
  accountId: string,
  head: Head,
  version: number,
): Promise<VersionRecord | undefined> {
  if (version === head.version) return head.latest;
  return (await records.read<VersionRecord>(versionKey(accountId, version)))?.value;
}

/** @returns undefined when it is deleted */
export function readManifest(
  records: RecordStore,
  accountId: string,
  version: number,
  runId: string,
): Promise<Manifest | undefined> {
  return readCompressed<Manifest>(records, manifestKey(accountId, version, runId));
}

/** The numbers of one chunk, in order; do not alter them. @returns undefined when it is deleted */
export async function readChunk(
  records: RecordStore,
  accountId: string,
  { key }: ChunkEntry,
): Promise<PhoneNumber[] | undefined> {
  const name = `${accountId}/${key}`;
  const known = kept.get(name);
  const numbers = known ?? (await readCompressed<PhoneNumber[]>(records, chunkKey(accountId, key)));
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

/** @returns undefined when a chunk is deleted */
export async function readChunks(
  records: RecordStore,
  accountId: string,
  entries: readonly ChunkEntry[],
): Promise<PhoneNumber[][] | undefined> {
  const lists = await inBatches(entries, (entry) => readChunk(records, accountId, entry));
  const found = lists.filter((list) => list !== undefined);
  return found.length === entries.length ? found : undefined;
}

/** All numbers of the head's snapshot, in order. @throws StorageUnavailable when the snapshot is damaged */
export async function readWholeSnapshot(
  records: RecordStore,
  accountId: string,
  { latest, version }: Head,
): Promise<{ numbers: PhoneNumber[]; manifest?: Manifest }> {
  if (latest === undefined) return { numbers: [] };
  const manifest = await readManifest(records, accountId, version, latest.runId);
  const lists = manifest && (await readChunks(records, accountId, manifest.chunks));
  if (manifest === undefined || lists === undefined) throw new StorageUnavailable("snapshot incomplete");
  return { numbers: lists.flat(), manifest };
}

/**
 * Writes the chunks that the version before lacks, and the manifest; both are invisible until the head names them.
 * Repeatable after a crash: the same numbers make the same records.
 * @param sorted the whole list, in order
 */
export async function writeSnapshot(
  records: RecordStore,
  accountId: string,
  snapshot: {
    runId: string;
    version: number;
    sorted: readonly PhoneNumber[];
    before?: (Manifest & { version: number; runId: string }) | undefined;
  },
): Promise<void> {
  const { runId, version, sorted, before } = snapshot;
  const known = new Map(before?.chunks.map(({ key }) => [key.slice(key.indexOf("#") + 1), key]));
  const chunks = await inBatches(cutIntoChunks(sorted), async ({ hash, numbers }): Promise<ChunkEntry> => {
    const entry = { key: known.get(hash) ?? `${runId}#${hash}`, count: numbers.length };
    if (!known.has(hash)) await writeOnce(records, chunkKey(accountId, entry.key), numbers);
    return entry;
  });
  const used = new Set(chunks.map(({ key }) => key));
  const manifest: Manifest = {
    chunks,
    retires: (before?.chunks ?? []).map(({ key }) => key).filter((key) => !used.has(key)),
    ...(before && { previous: { version: before.version, runId: before.runId } }),
  };
  await writeOnce(records, manifestKey(accountId, version, runId), manifest);
}
