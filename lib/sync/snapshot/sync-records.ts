import type { RecordKey } from "../../storage/record-store.ts";

/** How long changes are kept: the oldest usable cursor of the feed. */
export const FEED_RETENTION_MS = 30 * 24 * 60 * 60 * 1000;
/** Longest iteration over one snapshot. */
export const ITERATION_LIFETIME_MS = 24 * 60 * 60 * 1000;
/** Largest clock error of an instance. */
export const MAX_SKEW_MS = 5_000;

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
  /** Epoch milliseconds: when the head was set to it. */
  committedAt: number;
  /** Sequence of its first change. */
  firstSequence: number;
  /** Count of its changes: 0 for the first version, which has no followers. */
  changes: number;
}

export const emptyHead: Head = {
  generation: 0,
  version: 0,
  sequence: 0,
  total: 0,
  checkedAt: 0,
  fingerprint: "",
};

const keyOf = (accountId: string, sort: string): RecordKey => ({ partition: `sync#${accountId}`, sort });

export const headKey = (accountId: string) => keyOf(accountId, "head");
export const runKey = (accountId: string) => keyOf(accountId, "run");
export const quarantineKey = (accountId: string) => keyOf(accountId, "quarantine");
export const historyKey = (accountId: string) => keyOf(accountId, "history");
export interface QueuedRecord {
  /** Epoch milliseconds: when a sync was last requested. */
  at: number;
}

export const queuedKey = (accountId: string) => keyOf(accountId, "queued");
/** Position up to which changes are on the event bus. */
export const publishedKey = (accountId: string) => keyOf(accountId, "published");
/** Version up to which old versions are deleted. */
export const collectedKey = (accountId: string) => keyOf(accountId, "collected");
export const versionKey = (accountId: string, version: number) => keyOf(accountId, `version#${version}`);
export const manifestKey = (accountId: string, version: number, runId: string) =>
  keyOf(accountId, `manifest#${version}#${runId}`);
export const chunkKey = (accountId: string, key: string) => keyOf(accountId, `chunk#${key}`);
export const changesKey = (accountId: string, runId: string, part: number) =>
  keyOf(accountId, `changes#${runId}#${part}`);
export const stageKey = (accountId: string, runId: string, name: string) =>
  keyOf(accountId, `stage#${runId}#${name}`);
