import { createHash } from "node:crypto";
import type { RecordStore } from "../../storage/record-store.ts";
import { quarantineKey } from "../sync-records.ts";

/**
 * - `main_numbers`: every main company number is missing, which is what a lesser role sees [docs: NUM] [unsure]
 * - `permissions`: seen with other credentials or permissions than before, or RingCentral refuses to say
 * - `shrink`: more would go than a sync may remove unconfirmed
 */
export type QuarantineReason = "main_numbers" | "permissions" | "shrink";

export interface Quarantine {
  /** Epoch milliseconds, as all instants here: when the account's syncs first ended here. */
  since: number;
  reason: QuarantineReason;
  /** How many numbers would be removed, and which, as a hash of their ids. */
  removed: number;
  removedHash: string;
  /** When these very ones were first found missing. */
  foundAt: number;
  /** An operator's word that these very ones are gone. */
  confirmedAt?: number;
}

/** Never deleted, so that no write that arrives late can bring back what was settled. */
interface QuarantineRecord {
  quarantine?: Quarantine;
}

/** Up to so many may go by one sync, or this share if that is more. */
const MAX_REMOVED = 10;
const MAX_REMOVED_SHARE = 0.2;
/** A second complete sweep that finds the same counts when it began at least so much later. */
export const SECOND_LOOK_MS = 5 * 60 * 1000;

export interface Finding {
  /** Ids that the base has and the sweep has not, sorted. */
  missing: readonly string[];
  baseSize: number;
  lostMainNumbers: boolean;
  sameFingerprint: boolean;
  sweepStartedAt: number;
}

export type Judgement =
  | { verdict: "quarantine"; reason: QuarantineReason }
  /** Each removal still needs its proof, unless an operator has spoken. */
  | { verdict: "go_on"; isConfirmed: boolean };

/** Whether a sweep's view may be the truth, as far as can be told from what is missing in it. */
export function judge(finding: Finding, known: Quarantine | undefined): Judgement {
  const { missing, baseSize, lostMainNumbers, sameFingerprint, sweepStartedAt } = finding;
  if (missing.length === 0) return { verdict: "go_on", isConfirmed: false };
  const isSame = known?.removedHash === hashOf(missing);
  if (isSame && known?.confirmedAt !== undefined) return { verdict: "go_on", isConfirmed: true };
  if (lostMainNumbers) return { verdict: "quarantine", reason: "main_numbers" };
  if (!sameFingerprint) return { verdict: "quarantine", reason: "permissions" };
  const isLarge = missing.length > Math.max(MAX_REMOVED, Math.floor(baseSize * MAX_REMOVED_SHARE));
  const isSecondLook = isSame && sweepStartedAt - (known?.foundAt ?? 0) >= SECOND_LOOK_MS;
  if (isLarge && !isSecondLook) return { verdict: "quarantine", reason: "shrink" };
  return { verdict: "go_on", isConfirmed: false };
}

export async function readQuarantine(
  records: RecordStore,
  accountId: string,
): Promise<Quarantine | undefined> {
  return (await records.read<QuarantineRecord>(quarantineKey(accountId)))?.value.quarantine;
}

/** Writes down what a run found and did not commit. A confirmation stays as long as the same is found. */
export async function setQuarantine(
  records: RecordStore,
  accountId: string,
  found: { reason: QuarantineReason; missing: readonly string[]; now: number },
): Promise<Quarantine> {
  const { reason, missing, now } = found;
  const removedHash = hashOf(missing);
  return change(records, accountId, (known) => {
    const isSame = known?.removedHash === removedHash;
    return {
      since: known?.since ?? now,
      reason,
      removed: missing.length,
      removedHash,
      foundAt: isSame ? known.foundAt : now,
      ...(isSame && known.confirmedAt !== undefined && { confirmedAt: known.confirmedAt }),
    };
  });
}

/** The account was seen whole, or a removal was committed with its proof. */
export async function endQuarantine(records: RecordStore, accountId: string): Promise<void> {
  await change(records, accountId, () => undefined);
}

/**
 * An operator's word that what is quarantined now is really gone; the next sync that finds exactly the same commits it.
 * @returns false when nothing is quarantined
 */
export async function confirmQuarantine(
  { records, now }: { records: RecordStore; now: () => number },
  accountId: string,
): Promise<boolean> {
  const confirmed = await change(
    records,
    accountId,
    (known) => known && { ...known, confirmedAt: known.confirmedAt ?? now() },
  );
  return confirmed !== undefined;
}

/** The last word wins: whoever meets another starts from what that one wrote. */
async function change<Next extends Quarantine | undefined>(
  records: RecordStore,
  accountId: string,
  edit: (known: Quarantine | undefined) => Next,
): Promise<Next> {
  const key = quarantineKey(accountId);
  for (;;) {
    const stored = await records.read<QuarantineRecord>(key);
    const known = stored?.value.quarantine;
    const next = edit(known);
    if (next === known) return next;
    const value: QuarantineRecord = next === undefined ? {} : { quarantine: next };
    if ((await records.compareAndSet(key, stored?.version ?? null, value)) !== undefined) return next;
  }
}

function hashOf(ids: readonly string[]): string {
  return createHash("sha256").update(ids.join(" ")).digest("base64url").slice(0, 22);
}
