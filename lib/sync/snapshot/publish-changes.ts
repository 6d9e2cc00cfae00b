import type { NumberChange } from "../../contract/company-numbers.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { type ChangePosition, readChangesFrom } from "./change-log.ts";
import { readHead } from "./head.ts";
import { SyncRecords } from "./sync-records.ts";

interface PublishDeps {
  records: RecordStore;
  /** Delivers the changes to subscribers, in order, at least once. */
  publish(changes: readonly NumberChange[]): Promise<void>;
  /** Whether there is time for another batch. */
  hasTime(): boolean;
}

/** Batch size, and the most a crash can publish twice. */
const BATCH = 100;
/** Position up to which changes are on the event bus. */
const PUBLISHED = "published";

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
    // Without progress the queue redelivers the message later, and not for ever.
    if (isFirst && !hasTime()) throw new Error("no time left to publish");
    if (!hasTime()) return false;
    const read = await readChangesFrom(records, { head, from, limit: BATCH });
    if (read !== undefined && read.changes.length > 0) await publish(read.changes);
    const next = read?.next ?? { version: from.version + 1, index: 0 };
    // When another process was first, it has published up to the position it wrote.
    await records.compareAndSet(PUBLISHED, stored?.version ?? null, next);
  }
}
