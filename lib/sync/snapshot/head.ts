import type { SyncRecords } from "./sync-records.ts";

/** How long changes are kept: the oldest usable cursor of the feed. */
export const FEED_RETENTION_MS = 30 * 24 * 60 * 60 * 1000;
/** Version records outlive their changes: the next sync needs them to delete old snapshots. */
const VERSION_LIFETIME_MS = 3 * FEED_RETENTION_MS;

/**
 * The pointer of an account. Readers see what it names; one compare-and-set of it makes a whole version visible:
 *
 *     head      -> manifest#... -> chunk#...      the snapshot
 *     version#N -> changes#...                    the changes from version N - 1 to version N
 *
 * Manifests, chunks and changes are written once and never altered.
 */
export interface Head {
  /** Fencing token of the last process that took the lease: a compare-and-set by a former holder fails. */
  generation: number;
  /** 0: there is no snapshot yet. */
  version: number;
  /** Sequence of the last change. */
  sequence: number;
  total: number;
  /** Epoch milliseconds: start of the last full scan that confirmed this version. */
  checkedAt: number;
  /** Permission fingerprint of that scan; see `SyncDeps.fingerprint`. */
  fingerprint: string;
  /** What that scan counted minus what RingCentral stated; absent: the same. */
  miscount?: number;
  /** Generation of the run that last confirmed or set this version: it ends every older quarantine. */
  checkedBy?: number;
  /** Absent with version 0. */
  latest?: VersionRecord;
}

/** Origin of one version, kept longer than the feed reaches back. */
export interface VersionRecord {
  /** The run that wrote the version; it names the manifest and the changes. */
  runId: string;
  /** Epoch milliseconds: when the head was set to it. With its number it names the version, also after a restore. */
  committedAt: number;
  /** `committedAt` of the version before; absent for the first. */
  follows?: number;
  /** Count of its changes: 0 for the first version, which has no followers. */
  changes: number;
}

export const HEAD = "head";

export const emptyHead: Head = {
  generation: 0,
  version: 0,
  sequence: 0,
  total: 0,
  checkedAt: 0,
  fingerprint: "",
};

export async function readHead(records: SyncRecords): Promise<Head> {
  return (await records.read<Head>(HEAD))?.value ?? emptyHead;
}

/** Epoch milliseconds: start of the last complete full scan; undefined before the first. */
export async function scannedAt(records: SyncRecords): Promise<number | undefined> {
  const { latest, checkedAt } = await readHead(records);
  return latest && checkedAt;
}

/** @returns undefined when the record has expired; the latest version is in the head, before it has a record */
export async function readVersion(
  records: SyncRecords,
  head: Head,
  version: number,
): Promise<VersionRecord | undefined> {
  if (version === head.version) return head.latest;
  return (await records.read<VersionRecord>(`version#${version}`))?.value;
}

/** Keeps the head's version for later readers. When its writer crashed before this call, the next run repeats it. */
export async function recordVersion(records: SyncRecords, { version, latest }: Head): Promise<void> {
  if (latest === undefined || (await records.read(`version#${version}`)) !== undefined) return;
  const expiresAt = latest.committedAt + VERSION_LIFETIME_MS;
  await records.compareAndSet(`version#${version}`, null, latest, { expiresAt });
}
