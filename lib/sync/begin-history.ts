import type { Clock } from "../platform/clock.ts";
import type { RecordStore } from "../storage/record-store.ts";
import { RUN, type RunRecord } from "./run/run-lease.ts";
import { emptyHead, HEAD, type Head } from "./snapshot/head.ts";
import { SyncRecords } from "./snapshot/sync-records.ts";

/**
 * Tells an account's sync that its records are an older copy of the table. The next change gets a sequence that no lost
 * change had, so that subscribers of the bus do not take it for a repetition: the milliseconds since 1970, which
 * outrun any account's changes. An unfinished run of the copy is dropped, because the lost table may have
 * completed it under the same name. Followers of the feed notice by their cursors.
 */
export async function beginHistory(
  deps: { records: RecordStore; clock: Clock; random: () => number },
  accountId: string,
): Promise<void> {
  const records = new SyncRecords(deps.records, accountId);
  await records.update<RunRecord>(deps, RUN, (run) => {
    if (run === undefined) return undefined;
    const { generation, startedAt } = run;
    return { value: { generation: generation + 1, leaseUntil: 0, startedAt } };
  });
  await records.update<Head>(deps, HEAD, (head = emptyHead) => ({
    value: { ...head, sequence: Math.max(head.sequence, deps.clock.now()) },
  }));
}
