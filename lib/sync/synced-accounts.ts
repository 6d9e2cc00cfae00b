import * as z from "zod/mini";
import { ID_PATTERN } from "../contract/parameters.ts";
import type { Logger } from "../platform/logger.ts";
import type { Settings } from "../platform/settings.ts";
import type { RecordStore } from "../storage/record-store.ts";
import type { UpdateDeps } from "../storage/update-record.ts";
import { inBatches, SyncRecords } from "./snapshot/sync-records.ts";

/** One record: about 30,000 ids fit into an item of the table (400 KB). */
const ACCOUNTS = "accounts";

const Ids = z._default(z.array(z.string().check(z.regex(ID_PATTERN))), []);

/** Accounts to add to the table's list, and to remove from it. */
export const AccountsEdit = z.object({ add: Ids, remove: Ids });

export type AccountSettings = Pick<Settings, "SYNC_ACCOUNTS" | "SERVED_ACCOUNTS">;

/** The accounts to sync: those that the setting names, and those in the table that are served. @throws StorageUnavailable */
export async function readAccounts(
  store: RecordStore,
  { SYNC_ACCOUNTS, SERVED_ACCOUNTS }: AccountSettings,
): Promise<string[]> {
  const listed = await new SyncRecords(store).readCompressed<string[]>(ACCOUNTS);
  return [...new Set([...SYNC_ACCOUNTS, ...(listed ?? []).filter((id) => SERVED_ACCOUNTS.includes(id))])];
}

/** An order names accounts to add that SERVED_ACCOUNTS does not. */
export class AccountNotServed extends Error {}

/** Edits the table's list. @throws AccountNotServed: nothing is changed */
export async function editAccounts(
  { records, ...deps }: UpdateDeps,
  { add, remove }: z.output<typeof AccountsEdit>,
  { SERVED_ACCOUNTS }: AccountSettings,
): Promise<void> {
  const unserved = add.filter((id) => !SERVED_ACCOUNTS.includes(id));
  if (unserved.length > 0) throw new AccountNotServed(`SERVED_ACCOUNTS does not name ${unserved.join(", ")}`);
  await new SyncRecords(records).updateCompressed<string[]>(deps, ACCOUNTS, (listed = []) =>
    [...new Set([...listed, ...add])].filter((id) => !remove.includes(id)).sort(),
  );
}

/** Acts on each account. A failed one does not stop the others. @throws the first failure, after all */
export async function forEachAccount<Result>(
  accounts: readonly string[],
  log: Logger,
  problem: string,
  act: (accountId: string, index: number) => Promise<Result>,
): Promise<Result[]> {
  const failures: unknown[] = [];
  const results = await inBatches([...accounts.entries()], async ([index, accountId]) => {
    try {
      return [await act(accountId, index)];
    } catch (error) {
      log.error(problem, { accountId, error });
      failures.push(error);
      return [];
    }
  });
  if (failures.length > 0) throw failures[0];
  return results.flat();
}
