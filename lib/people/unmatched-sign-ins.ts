import type { RecordStore } from "../storage/record-store.ts";
import { type UpdateDeps, updateRecord } from "../storage/update-record.ts";
import type { Unmatched } from "./claimant.ts";
import type { PeopleSeal } from "./keys.ts";
import { openIdentity, type PersonIdentity, sealIdentity } from "./person-records.ts";

/** Kept for administrators, the newest first. */
const MAX_KEPT = 100;
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;
/** The same sign-in with the same reason is written at most once in this time. */
const QUIET_MS = 60 * 60 * 1000;

/** A sign-in that was connected with no extension. */
interface Kept {
  personId: string;
  reason: Unmatched;
  /** Epoch milliseconds, of the last time. */
  at: number;
  /** Identity of the person. */
  sealed?: string;
}

export type UnmatchedSignIn = Omit<Kept, "sealed"> & PersonIdentity;

const keyOf = (accountId: string) => ({ partition: `people#${accountId}`, sort: "unmatched" });
const isRecent = (now: number) => (kept: Kept) => now - kept.at < KEPT_MS;

/** Notes a sign-in for the account's administrators. */
export async function noteUnmatched(
  deps: UpdateDeps,
  accountId: string,
  seal: PeopleSeal,
  { personId, reason, ...identity }: { personId: string; reason: Unmatched } & PersonIdentity,
): Promise<void> {
  const at = deps.clock.now();
  const sealed = await sealIdentity(seal, personId, identity);
  await updateRecord<Kept[]>(deps, keyOf(accountId), (list = []) => {
    const before = list.find((kept) => kept.personId === personId);
    if (before?.reason === reason && at - before.at < QUIET_MS) return undefined;
    const others = list.filter((kept) => kept.personId !== personId).filter(isRecent(at));
    const value = [{ personId, reason, at, ...(sealed !== undefined && { sealed }) }, ...others].slice(
      0,
      MAX_KEPT,
    );
    return { value, expiresAt: at + KEPT_MS };
  });
}

export async function readUnmatched(
  records: RecordStore,
  accountId: string,
  seal: PeopleSeal,
  now: number,
): Promise<UnmatchedSignIn[]> {
  const list = (await records.read<Kept[]>(keyOf(accountId)))?.value ?? [];
  return Promise.all(
    list.filter(isRecent(now)).map(async ({ sealed, ...kept }) => ({
      ...kept,
      ...(await openIdentity(seal, kept.personId, sealed)),
    })),
  );
}
