import type { NumberChange } from "../../contract/company-numbers.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { inBatches, readCompressed, writeOnce } from "./compressed-records.ts";
import type { Difference } from "./number-changes.ts";
import { readVersion } from "./snapshot-store.ts";
import { changesKey, FEED_RETENTION_MS, type Head, type VersionRecord, versionKey } from "./sync-records.ts";

/** Changes in one record. */
const PART = 200;
/** Versions read at the same time; most hold a few changes. */
const CONCURRENCY = 8;
/** Most versions read for one page. */
const MAX_VERSIONS = 64;
/** Version records outlive their changes: the next sync needs them to delete old snapshots. */
const VERSION_LIFETIME_MS = 3 * FEED_RETENTION_MS;

/** Feed position: the next change to read. */
export interface ChangePosition {
  version: number;
  index: number;
}

/** The changes at this position have expired. */
export class ChangesGone extends Error {
  constructor() {
    super("the changes have expired");
    this.name = "ChangesGone";
  }
}

/** Invisible until the head names the run. Repeatable: a resumed run writes the same records. */
export async function writeChanges(
  records: RecordStore,
  accountId: string,
  written: { runId: string; differences: readonly Difference[]; firstSequence: number; at: number },
): Promise<void> {
  const { runId, differences, firstSequence, at } = written;
  const changes = differences.map(
    (difference, index): NumberChange => ({
      sequence: firstSequence + index,
      at: new Date(at).toISOString(),
      ...difference,
    }),
  );
  const parts = Array.from({ length: Math.ceil(changes.length / PART) }, (_, part) => part);
  // One day more than promised: the commit comes after `at`.
  const options = { expiresAt: at + FEED_RETENTION_MS + 24 * 60 * 60 * 1000 };
  await inBatches(parts, (part) =>
    writeOnce(
      records,
      changesKey(accountId, runId, part),
      changes.slice(part * PART, (part + 1) * PART),
      options,
    ),
  );
}

/** Keeps the head's version for later readers. When its writer crashed before this call, the next run repeats it. */
export async function recordVersion(
  records: RecordStore,
  accountId: string,
  { version, latest }: Head,
): Promise<void> {
  if (latest === undefined) return;
  const key = versionKey(accountId, version);
  if ((await records.read(key)) !== undefined) return;
  await records.compareAndSet(key, null, latest, { expiresAt: latest.committedAt + VERSION_LIFETIME_MS });
}

/**
 * Changes from a position on, oldest first, up to `limit`; fewer are possible although there are more.
 * @param notBefore epoch milliseconds: changes committed earlier count as expired
 * @returns the changes and the next position, which is behind the head's version at the end of the feed
 * @throws ChangesGone; StorageUnavailable
 */
export async function readChangesFrom(
  records: RecordStore,
  accountId: string,
  wanted: { head: Head; from: ChangePosition; limit: number; notBefore?: number },
): Promise<{ changes: NumberChange[]; next: ChangePosition }> {
  const { head, from, limit, notBefore = 0 } = wanted;
  const changes: NumberChange[] = [];
  let next = from;
  for (let looked = 0; looked < MAX_VERSIONS && next.version <= head.version && changes.length < limit; ) {
    const batch = Math.min(CONCURRENCY, head.version - next.version + 1);
    const first = next.version;
    const versions = await Promise.all(
      Array.from({ length: batch }, (_, index) => readVersion(records, accountId, head, first + index)),
    );
    looked += batch;
    for (const version of versions) {
      if (version === undefined || version.committedAt < notBefore) throw new ChangesGone();
      const count = Math.min(limit - changes.length, version.changes - next.index);
      if (count > 0) changes.push(...(await readSome(records, accountId, version, next.index, count)));
      next = { ...next, index: next.index + Math.max(0, count) };
      if (next.index < version.changes) break;
      next = { version: next.version + 1, index: 0 };
    }
  }
  return { changes, next };
}

async function readSome(
  records: RecordStore,
  accountId: string,
  { runId }: VersionRecord,
  index: number,
  count: number,
): Promise<NumberChange[]> {
  const firstPart = Math.floor(index / PART);
  const lastPart = Math.floor((index + count - 1) / PART);
  const parts = Array.from({ length: lastPart - firstPart + 1 }, (_, part) => firstPart + part);
  const lists = await inBatches(parts, (part) =>
    readCompressed<NumberChange[]>(records, changesKey(accountId, runId, part)),
  );
  const found = lists.filter((list) => list !== undefined);
  if (found.length < lists.length) throw new ChangesGone();
  const from = index - firstPart * PART;
  return found.flat().slice(from, from + count);
}
