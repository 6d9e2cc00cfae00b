import type { Logger } from "../platform/logger.ts";
import type { UpdateDeps } from "../storage/update-record.ts";
import { RUN, type RunRecord } from "./run/run-lease.ts";
import { emptyHead, HEAD, type Head } from "./snapshot/head.ts";
import { SyncRecords } from "./snapshot/sync-records.ts";
import { forEachAccount } from "./synced-accounts.ts";

/** The id of the table that the records belong to. */
const TABLE = "table";

/**
 * Notices that the table was replaced by an older copy of itself: the copy holds the id of the table that it was made of.
 * @param tableId undefined, or a failure: nothing is noticed now
 * @throws the first failure, after all accounts: the next call tries again
 */
export async function noticeRestore(
  { log, tableId, ...deps }: UpdateDeps & { log: Logger; tableId(): Promise<string | undefined> },
  accounts: readonly string[],
): Promise<void> {
  const records = new SyncRecords(deps.records);
  const id = await tableId().catch((error: unknown) => log.warn("the table's id is unknown", { error }));
  if (id === undefined) return;
  const known = await records.read<{ id: string }>(TABLE);
  if (known?.value.id === id) return;
  if (known !== undefined) {
    log.warn("the table was restored: every account's feed begins a new history");
    await forEachAccount(accounts, log, "no new history", (accountId) => beginHistory(deps, accountId));
  }
  await records.compareAndSet(TABLE, known?.version ?? null, { id });
}

/**
 * Tells an account's sync that its records are an older copy of the table. The next change gets a sequence that no lost
 * change had, so that subscribers of the bus do not take it for a repetition: the milliseconds since 1970, which
 * outrun any account's changes. An unfinished run of the copy is dropped, because the lost table may have
 * completed it under the same name. Followers of the feed notice by their cursors.
 */
export async function beginHistory(deps: UpdateDeps, accountId: string): Promise<void> {
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
