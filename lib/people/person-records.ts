import * as z from "zod/mini";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { RecordKey, RecordStore, StoredRecord } from "../storage/record-store.ts";
import { type UpdateDeps, updateRecord } from "../storage/update-record.ts";
import type { PeopleSeal } from "./keys.ts";

/** Which extension a sign-in is. */
export interface PersonRecord {
  accountId: string;
  extensionId: string;
  /** Who connected them: an administrator, or the e-mail in the directory. */
  source: "administrator" | "directory";
  /** Epoch milliseconds: the reading of the directory in which the extension was this person's. */
  confirmedAt: number;
  createdAt: number;
  updatedAt: number;
  /** `PersonIdentity`, sealed. */
  sealed?: string;
}

const PersonIdentity = z.object({ subject: z.optional(z.string()), email: z.optional(z.string()) });
export type PersonIdentity = z.output<typeof PersonIdentity>;

/** A person's record belongs to no account: it says which account is theirs. */
const personKey = (personId: string): RecordKey => ({ partition: `person#${personId}`, sort: "person" });

export const readPerson = (records: RecordStore, personId: string) =>
  records.read<PersonRecord>(personKey(personId));

/**
 * Writes the record if its version is still `expected`; a new one is first put on its account's list.
 * @returns false when another process was first
 */
export async function writePerson(
  deps: UpdateDeps,
  personId: string,
  expected: number | null,
  person: PersonRecord,
): Promise<boolean> {
  await listPerson(deps, person.accountId, personId, true);
  return (await deps.records.compareAndSet(personKey(personId), expected, person)) !== undefined;
}

/** @returns false when another process was first */
export async function removePerson(
  deps: UpdateDeps,
  personId: string,
  { value, version }: StoredRecord<PersonRecord>,
): Promise<boolean> {
  if (!(await deps.records.remove(personKey(personId), version))) return false;
  await listPerson(deps, value.accountId, personId, false);
  return true;
}

export async function sealIdentity(seal: PeopleSeal, personId: string, identity: PersonIdentity) {
  const stated = omitUndefined(identity);
  return Object.keys(stated).length === 0 ? undefined : seal.seal(JSON.stringify(stated), personId);
}

/** @returns nothing of an identity that no valid secret opens */
export async function openIdentity(
  seal: PeopleSeal,
  personId: string,
  sealed: string | undefined,
): Promise<PersonIdentity> {
  const text = sealed && (await seal.open(sealed, personId));
  return text ? PersonIdentity.parse(JSON.parse(text)) : {};
}

/** The ids of an account's people lie in 64 lists, by their first character: each is small, and rarely contended. */
const ALPHABET = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
export const shelves: readonly string[] = [...ALPHABET];
const shelfKey = (accountId: string, shelf: string): RecordKey => ({
  partition: `people#${accountId}`,
  sort: `list#${shelf}`,
});

export async function readShelf(records: RecordStore, accountId: string, shelf: string): Promise<string[]> {
  return (await records.read<string[]>(shelfKey(accountId, shelf)))?.value ?? [];
}

async function listPerson(deps: UpdateDeps, accountId: string, personId: string, isListed: boolean) {
  await updateRecord<string[]>(deps, shelfKey(accountId, personId.charAt(0)), (ids = []) => {
    if (ids.includes(personId) === isListed) return undefined;
    return { value: isListed ? [...ids, personId].sort() : ids.filter((id) => id !== personId) };
  });
}
