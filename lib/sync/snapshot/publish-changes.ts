import type { NumberChange } from "../../contract/company-numbers.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { type ChangePosition, ChangesGone, readChangesFrom } from "./change-log.ts";
import { readHead } from "./snapshot-store.ts";
import { publishedKey } from "./sync-records.ts";

interface PublishDeps {
  records: RecordStore;
  /** Delivers the changes to subscribers, in order, at least once. */
  publish(changes: readonly NumberChange[]): Promise<void>;
  /** Whether there is time for another batch. Default: always. */
  hasTime?(): boolean;
}

/** Batch size, and the most a crash can publish twice. */
const BATCH = 100;

/**
 * Publishes the changes committed since the last call: each at least once, and in order within one process. Two
 * processes at the same time publish duplicates; subscribers drop them by sequence. Changes that expired unpublished
 * are skipped.
 * @returns whether all are published; false when time was short
 * @throws what `publish` throws; StorageUnavailable
 */
export async function publishChanges(
  { records, publish, hasTime = () => true }: PublishDeps,
  accountId: string,
): Promise<boolean> {
  const key = publishedKey(accountId);
  for (;;) {
    const [head, stored] = await Promise.all([
      readHead(records, accountId),
      records.read<ChangePosition>(key),
    ]);
    const from = stored?.value ?? { version: 1, index: 0 };
    if (from.version > head.version) return true;
    if (!hasTime()) return false;
    const { changes, next } = await readChangesFrom(records, accountId, { head, from, limit: BATCH }).catch(
      (error: unknown) => {
        if (!(error instanceof ChangesGone)) throw error;
        return { changes: [], next: { version: from.version + 1, index: 0 } };
      },
    );
    if (changes.length > 0) await publish(changes);
    // When another process was first, it has published up to the position it wrote.
    await records.compareAndSet(key, stored?.version ?? null, next);
  }
}
