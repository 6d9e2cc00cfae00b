import type { NumberChange } from "../../contract/company-numbers.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { inBatches, readCompressed, writeOnce } from "./compressed-records.ts";
import type { Difference } from "./number-changes.ts";
import { readVersion } from "./snapshot-store.ts";
import { changesKey, FEED_RETENTION_MS, type Head, type VersionRecord, versionKey } from "./sync-records.ts";

/** How many changes are in one record. */
const PART = 200;
/** Versions are looked up so many at a time; most hold a few changes. */
const VERSIONS_AT_ONCE = 8;
/** And no more than this for one page, however little is in them. */
const MAX_VERSIONS = 64;
/**
 * Records of versions outlive their changes: former snapshots are cleared away by them, which waits for the next sync.
 */
const VERSION_LIFETIME_MS = 3 * FEED_RETENTION_MS;

/** Where reading the changes goes on: at that change of what made that version. */
export interface ChangePosition {
  version: number;
  index: number;
}

/** The changes this far back are not kept any more. */
export class ChangesGone extends Error {
  constructor() {
    super("changes are not kept any more");
    this.name = "ChangesGone";
  }
}

/** Nobody sees them before the head names them. To be repeated by whoever goes on with the run. */
export async function writeChanges(
  records: RecordStore,
  accountId: string,
  {
    runId,
    differences,
    firstSequence,
    at,
  }: { runId: string; differences: readonly Difference[]; firstSequence: number; at: number },
): Promise<void> {
  const changes = differences.map(
    (difference, index): NumberChange => ({
      sequence: firstSequence + index,
      at: new Date(at).toISOString(),
      ...difference,
    }),
  );
  const parts = Array.from({ length: Math.ceil(changes.length / PART) }, (_, part) => part);
  // A day more than promised: `at` is not yet the instant of the commit.
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

/** The head's version for those that come after it. Its writer may have died before this; the next run does it then. */
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
 * Changes from a position on, oldest first, up to `limit`; perhaps fewer although there are more.
 * @param notBefore epoch milliseconds: what was committed earlier counts as gone
 * @returns with where to go on, which is behind the head's version when there is no more
 * @throws ChangesGone; StorageUnavailable
 */
export async function readChangesFrom(
  records: RecordStore,
  accountId: string,
  {
    head,
    from,
    limit,
    notBefore = 0,
  }: { head: Head; from: ChangePosition; limit: number; notBefore?: number },
): Promise<{ changes: NumberChange[]; next: ChangePosition }> {
  const changes: NumberChange[] = [];
  let next = from;
  for (let looked = 0; looked < MAX_VERSIONS && next.version <= head.version && changes.length < limit; ) {
    const count = Math.min(VERSIONS_AT_ONCE, head.version - next.version + 1);
    const first = next.version;
    const versions = await Promise.all(
      Array.from({ length: count }, (_, index) => versionOf(records, accountId, head, first + index)),
    );
    looked += count;
    for (const version of versions) {
      if (version === undefined || version.committedAt < notBefore) throw new ChangesGone();
      const wanted = Math.min(limit - changes.length, version.changes - next.index);
      if (wanted > 0) changes.push(...(await readSome(records, accountId, version, next.index, wanted)));
      next = { ...next, index: next.index + Math.max(0, wanted) };
      if (next.index < version.changes) break;
      next = { version: next.version + 1, index: 0 };
    }
  }
  return { changes, next };
}

async function versionOf(
  records: RecordStore,
  accountId: string,
  head: Head,
  version: number,
): Promise<VersionRecord | undefined> {
  return version === head.version ? head.latest : readVersion(records, accountId, version);
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
