import { createHash } from "node:crypto";
import type { RecordStore } from "../../storage/record-store.ts";
import { type UpdateDeps, updateRecord } from "../../storage/update-record.ts";
import { quarantineKey } from "../snapshot/sync-records.ts";

/**
 * - `main_numbers`: every main company number is missing, which is what a lesser role sees [docs: NUM] [unsure]
 * - `permissions`: the credentials or permissions changed, or RingCentral forbids a look-up
 * - `shrink`: more numbers are missing than a sync may remove without a re-check
 */
export type QuarantineReason = "main_numbers" | "permissions" | "shrink";

/** Instants are epoch milliseconds. */
export interface Quarantine {
  /** When the account's syncs first ended in quarantine. */
  since: number;
  reason: QuarantineReason;
  /** Count of the missing numbers, and a hash of their ids. */
  removed: number;
  removedHash: string;
  /** When exactly these numbers were first missing. */
  foundAt: number;
  /** When an operator confirmed that exactly these numbers are gone. */
  confirmedAt?: number;
}

/** Never deleted: a late write cannot restore a quarantine that has ended. */
interface QuarantineRecord {
  quarantine?: Quarantine;
}

export async function readQuarantine(
  records: RecordStore,
  accountId: string,
): Promise<Quarantine | undefined> {
  return (await records.read<QuarantineRecord>(quarantineKey(accountId)))?.value.quarantine;
}

/** Records missing numbers that were not committed. A confirmation holds while the same numbers are missing. */
export async function setQuarantine(
  deps: UpdateDeps,
  accountId: string,
  { reason, missing, now }: { reason: QuarantineReason; missing: readonly string[]; now: number },
): Promise<void> {
  const removedHash = hashOf(missing);
  await change(deps, accountId, (known) => {
    const same = known?.removedHash === removedHash ? known : { foundAt: now };
    const found = { since: known?.since ?? now, reason, removed: missing.length, removedHash };
    return { quarantine: { ...same, ...found } };
  });
}

/** Ends the quarantine: the account was seen whole, or the removals were proved and committed. */
export async function endQuarantine(deps: UpdateDeps, accountId: string): Promise<void> {
  await change(deps, accountId, (known) => known && {});
}

/**
 * Records an operator's confirmation that the quarantined numbers are gone. The next sync that misses exactly the same
 * numbers commits their removal.
 * @returns false when nothing is quarantined
 */
export async function confirmQuarantine(deps: UpdateDeps, accountId: string): Promise<boolean> {
  const confirmed = await change(deps, accountId, (known) =>
    known === undefined || known.confirmedAt !== undefined
      ? undefined
      : { quarantine: { ...known, confirmedAt: deps.clock.now() } },
  );
  return confirmed !== undefined;
}

/** @returns the quarantine afterwards */
async function change(
  deps: UpdateDeps,
  accountId: string,
  edit: (known: Quarantine | undefined) => QuarantineRecord | undefined,
): Promise<Quarantine | undefined> {
  const record = await updateRecord<QuarantineRecord>(deps, quarantineKey(accountId), (stored) => {
    const value = edit(stored?.quarantine);
    return value && { value };
  });
  return record?.value.quarantine;
}

export function hashOf(ids: readonly string[]): string {
  return createHash("sha256").update(ids.join(" ")).digest("base64url").slice(0, 22);
}
