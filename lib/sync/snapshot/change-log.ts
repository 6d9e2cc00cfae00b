import type { NumberChange } from "../../contract/company-numbers.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { FEED_RETENTION_MS, type Head, readHead, readVersion, type VersionRecord } from "./head.ts";
import type { Difference } from "./number-changes.ts";
import { inBatches, SyncRecords } from "./sync-records.ts";

/** Changes in one record. */
const PART = 200;
/** Versions read at the same time; most hold a few changes. */
const CONCURRENCY = 8;
/** Most versions read for one page. */
const MAX_VERSIONS = 64;
/** Changes published at once, and the most a crash can publish twice. */
const PUBLISH_BATCH = 100;
/** Position up to which changes are on the event bus. */
const PUBLISHED = "published";

/** Feed position: the next change to read. */
interface ChangePosition {
  version: number;
  index: number;
  /**
   * `committedAt` of the version that the change read last belongs to. A restored table gives the numbers of lost versions
   * to other ones: this tells them apart. Absent in cursors of older releases.
   */
  since?: number | undefined;
}

/** The feed's end: all changes up to the head's version are read. */
export const feedEnd = ({ version, latest }: Head) =>
  omitUndefined({ version: version + 1, index: 0, since: latest?.committedAt });

/** Whether the version at a position is of the same history as what was read before it. */
function isContinued({ index, since }: ChangePosition, { committedAt, follows }: VersionRecord): boolean {
  const known = index > 0 ? committedAt : follows;
  return since === undefined || known === undefined || known === since;
}

/** Invisible until the head names the run. Repeatable: a resumed run writes the same records. */
export async function writeChanges(
  records: SyncRecords,
  written: { runId: string; differences: readonly Difference[]; firstSequence: number; at: number },
): Promise<void> {
  const { runId, differences, firstSequence } = written;
  const at = new Date(written.at).toISOString();
  const changes = differences.map(
    (difference, index): NumberChange => ({ sequence: firstSequence + index, at, ...difference }),
  );
  const parts = Array.from({ length: Math.ceil(changes.length / PART) }, (_, part) => part);
  // One day more than promised: the commit comes after `at`.
  const options = { expiresAt: written.at + FEED_RETENTION_MS + 24 * 60 * 60 * 1000 };
  await inBatches(parts, (part) =>
    records.writeOnce(changesKey(runId, part), changes.slice(part * PART, (part + 1) * PART), options),
  );
}

const changesKey = (runId: string, part: number) => `changes#${runId}#${part}`;

/**
 * Changes from a position on, oldest first, up to `limit`; fewer are possible although there are more.
 * @param notBefore epoch milliseconds: changes committed earlier count as expired
 * @returns the changes and the next position, which is behind the head's version at the end of the feed; undefined when
 * a change has expired, or when the position is of a history that a restore has ended
 */
export async function readChangesFrom(
  records: SyncRecords,
  wanted: { head: Head; from: ChangePosition; limit: number; notBefore?: number },
): Promise<{ changes: NumberChange[]; next: ChangePosition } | undefined> {
  const { head, from, limit, notBefore = 0 } = wanted;
  const changes: NumberChange[] = [];
  const end = feedEnd(head);
  if (from.version === end.version && (from.since ?? end.since) !== end.since) return undefined;
  let next = from;
  for (let looked = 0; looked < MAX_VERSIONS && next.version <= head.version && changes.length < limit; ) {
    const length = Math.min(CONCURRENCY, head.version - next.version + 1);
    const numbers = Array.from({ length }, (_, index) => next.version + index);
    looked += length;
    for (const version of await inBatches(numbers, (number) => readVersion(records, head, number))) {
      if (version === undefined || version.committedAt < notBefore) return undefined;
      if (!isContinued(next, version)) return undefined;
      while (next.index < version.changes && changes.length < limit) {
        const key = changesKey(version.runId, Math.floor(next.index / PART));
        const start = next.index % PART;
        const part = await records.readCompressed<NumberChange[]>(key);
        const read = part?.slice(start, start + limit - changes.length) ?? [];
        if (read.length === 0) return undefined;
        changes.push(...read);
        next = { ...next, index: next.index + read.length, since: version.committedAt };
      }
      if (next.index < version.changes) break;
      next = { version: next.version + 1, index: 0, since: version.committedAt };
    }
  }
  return { changes, next };
}

interface PublishDeps {
  records: RecordStore;
  /** Delivers the changes to subscribers, in order, at least once. */
  publish(changes: readonly NumberChange[]): Promise<void>;
  /** Whether there is time for another batch. */
  hasTime(): boolean;
}

/**
 * Publishes the changes committed since the last call: each at least once, and in order within one process. Two
 * processes at the same time publish duplicates; subscribers drop them by sequence. Changes that expired unpublished
 * are skipped.
 * @returns whether all are published; false when time ran out
 * @throws what `publish` throws; StorageUnavailable; Error when there was no time for a single batch
 */
export async function publishChanges(
  { publish, hasTime, ...deps }: PublishDeps,
  accountId: string,
): Promise<boolean> {
  const records = new SyncRecords(deps.records, accountId);
  for (let isFirst = true; ; isFirst = false) {
    const [head, stored] = await Promise.all([readHead(records), records.read<ChangePosition>(PUBLISHED)]);
    const from = stored?.value ?? { version: 1, index: 0 };
    if (from.version > head.version) return true;
    if (!hasTime()) {
      if (!isFirst) return false;
      // The queue redelivers the message later, and a few times only.
      throw new Error("no time left to publish");
    }
    const read = await readChangesFrom(records, { head, from, limit: PUBLISH_BATCH });
    if (read !== undefined && read.changes.length > 0) await publish(read.changes);
    const next = read?.next ?? { version: from.version + 1, index: 0 };
    // When another process was first, it has published up to the position it wrote.
    await records.compareAndSet(PUBLISHED, stored?.version ?? null, next);
  }
}
