import * as z from "zod/mini";
import { ID_PATTERN } from "../contract/parameters.ts";
import type { RecordKey, RecordStore } from "../storage/record-store.ts";
import { type UpdateDeps, updateRecord } from "../storage/update-record.ts";
import { type Compressed, compressValue, decompressValue } from "./snapshot/account-records.ts";

/** One record: about 30,000 ids fit into an item of the table (400 KB). */
const key: RecordKey = { partition: "sync", sort: "accounts" };

const Ids = z._default(z.array(z.string().check(z.regex(ID_PATTERN))), []);

/** Accounts to add to the table's list, and to remove from it. */
export const AccountsEdit = z.object({ add: Ids, remove: Ids });
type AccountsEdit = z.output<typeof AccountsEdit>;

/** The accounts to sync: those that the setting names, and those in the table. @throws StorageUnavailable */
export async function readAccounts(records: RecordStore, named: readonly string[]): Promise<string[]> {
  const stored = await records.read<Compressed>(key);
  return [...new Set([...named, ...(await idsIn(stored?.value))])];
}

/** @returns the table's list afterwards */
export async function editAccounts(deps: UpdateDeps, { add, remove }: AccountsEdit): Promise<string[]> {
  const edited = await updateRecord<Compressed>(deps, key, async (stored) => {
    const ids = new Set([...(await idsIn(stored)), ...add]);
    for (const id of remove) ids.delete(id);
    return { value: await compressValue([...ids].sort()) };
  });
  return idsIn(edited?.value);
}

const idsIn = async (stored: Compressed | undefined) =>
  stored === undefined ? [] : decompressValue<string[]>(stored);
