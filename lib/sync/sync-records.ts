import type { RecordKey } from "../storage/record-store.ts";

/** How long changes are kept, and so how old a cursor of the feed may be. */
export const FEED_RETENTION_MS = 30 * 24 * 60 * 60 * 1000;
/** How long one walk of a snapshot may take. */
export const WALK_LIFETIME_MS = 24 * 60 * 60 * 1000;
/** How wrong clocks of instances may be. */
export const MAX_SKEW_MS = 5_000;

/**
 * The pointer of an account. Readers see what it names, and everything becomes visible by one compare-and-set of it:
 *
 *     head      -> manifest#... -> chunk#...      the snapshot
 *     version#N -> changes#...                    what made version N of version N - 1
 *
 * Manifests, chunks and changes are written once and never altered.
 */
export interface Head {
  /** Of the last process that took the lease: a compare-and-set by a former holder fails. */
  generation: number;
  /** 0: there is no snapshot yet. */
  version: number;
  /** Of the last change. */
  sequence: number;
  total: number;
  /** Epoch milliseconds: when the last sweep began that proved this version. */
  checkedAt: number;
  /** What the account was seen with; see `SyncDeps.fingerprint`. */
  fingerprint: string;
  /** Absent with version 0. */
  latest?: VersionRecord;
}

/** What made one version, kept for as long as the feed reaches back. */
export interface VersionRecord {
  /** The run that wrote it, which names its manifest and its changes. */
  runId: string;
  /** Epoch milliseconds: when the head was set to it. */
  committedAt: number;
  /** Sequence of its first change. */
  firstSequence: number;
  /** How many there are: none for the first version, which nobody can have waited for. */
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
export const queuedKey = (accountId: string) => keyOf(accountId, "queued");
/** How far changes are on the event bus. */
export const publishedKey = (accountId: string) => keyOf(accountId, "published");
/** How far former versions are cleared away. */
export const collectedKey = (accountId: string) => keyOf(accountId, "collected");
export const versionKey = (accountId: string, version: number) => keyOf(accountId, `version#${version}`);
export const manifestKey = (accountId: string, version: number, runId: string) =>
  keyOf(accountId, `manifest#${version}#${runId}`);
export const chunkKey = (accountId: string, key: string) => keyOf(accountId, `chunk#${key}`);
export const changesKey = (accountId: string, runId: string, part: number) =>
  keyOf(accountId, `changes#${runId}#${part}`);
export const stageKey = (accountId: string, runId: string, name: string) =>
  keyOf(accountId, `stage#${runId}#${name}`);
