import type { NumberChange } from "../../contract/company-numbers.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { type ChangePosition, ChangesGone, readChangesFrom } from "./change-log.ts";
import { readHead } from "./snapshot-store.ts";
import { publishedKey } from "./sync-records.ts";

export interface OutboxDeps {
  records: RecordStore;
  /** Puts them where subscribers get them, in order, at least once. */
  publish(changes: readonly NumberChange[]): Promise<void>;
}

/** So many are published before that is written down: what a crash repeats at the most. */
const BATCH = 100;

/**
 * Publishes what has been committed since it was last called: each change at least once, and in order as far as one
 * process goes. Two at once repeat each other; subscribers drop what they have seen, by its sequence.
 * Changes nobody published for as long as they are kept are passed over.
 * @throws what `publish` throws; StorageUnavailable
 */
export async function publishChanges({ records, publish }: OutboxDeps, accountId: string): Promise<void> {
  const key = publishedKey(accountId);
  for (;;) {
    const [{ head }, stored] = await Promise.all([
      readHead(records, accountId),
      records.read<ChangePosition>(key),
    ]);
    const from = stored?.value ?? { version: 1, index: 0 };
    if (from.version > head.version) return;
    const { changes, next } = await readChangesFrom(records, accountId, { head, from, limit: BATCH }).catch(
      (error: unknown) => {
        if (!(error instanceof ChangesGone)) throw error;
        return { changes: [], next: { version: from.version + 1, index: 0 } };
      },
    );
    if (changes.length > 0) await publish(changes);
    // Somebody else may be at it: then that one, too, has published up to where it writes.
    await records.compareAndSet(key, stored?.version ?? null, next);
  }
}
