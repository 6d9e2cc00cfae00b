import type { PhoneNumber } from "../../contract/company-numbers.ts";
import { MAX_LISTED, type QuarantinedNumber } from "../../contract/sync.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { UpdateDeps } from "../../storage/update-record.ts";
import { type Head, readHead } from "../snapshot/head.ts";
import { hashOf } from "../snapshot/number-chunks.ts";
import { SyncRecords } from "../snapshot/sync-records.ts";
import type { Run } from "./run.ts";

/**
 * - `main_numbers`: every main company number is missing, which is what a lesser role sees [docs: NUM] [unsure]
 * - `permissions`: the credentials or permissions changed, or RingCentral forbids a look-up
 * - `shrink`: more numbers are missing than a sync may remove without a re-check
 */
export type QuarantineReason = "main_numbers" | "permissions" | "shrink";

/** The missing numbers may be a view with fewer permissions: nothing is committed. */
export class Quarantined extends Error {
  override readonly name = "Quarantined";
  readonly reason: QuarantineReason;
  /** No re-check is queued, and one may settle it. */
  readonly wantsRecheck: boolean;
  constructor(reason: QuarantineReason, wantsRecheck = false) {
    super(`the missing numbers are quarantined: ${reason}`);
    [this.reason, this.wantsRecheck] = [reason, wantsRecheck];
  }
}

/** Instants are epoch milliseconds. */
export interface Quarantine {
  /** Of the run that found it. A later run that commits, or confirms the version, ends it by its mark in the head. */
  generation: number;
  /** When the account's syncs first ended in quarantine. */
  since: number;
  reason: QuarantineReason;
  /** Count of the missing numbers, and a hash of their ids. */
  removed: number;
  removedHash: string;
  /** The first of the missing numbers, for the person who confirms. */
  numbers?: QuarantinedNumber[];
  /** When exactly these numbers were first missing. */
  foundAt: number;
  /** When an operator confirmed that exactly these numbers are gone. */
  confirmedAt?: number;
  /** A re-check is queued, or has been: there is one in each quarantine. */
  hasRecheck?: boolean;
}

export const QUARANTINE = "quarantine";

/** The quarantine that the account is in, by its head. */
export async function readQuarantine(records: SyncRecords, head: Head): Promise<Quarantine | undefined> {
  return current((await records.read<Quarantine>(QUARANTINE))?.value, head);
}

/** A record of another shape, which older code wrote, counts as none. */
function current(stored: Quarantine | undefined, { checkedBy = 0 }: Head): Quarantine | undefined {
  return stored !== undefined && stored.generation > checkedBy ? stored : undefined;
}

/**
 * Records missing numbers that were not committed. A confirmation holds while the same numbers are missing. A former
 * holder replaces nothing that a later run has found.
 */
export async function setQuarantine(
  { missing, base, records, lease, ...deps }: Run,
  { reason, wantsRecheck }: Quarantined,
  foundAt: number,
): Promise<void> {
  const { generation, head } = lease;
  const [removed, removedHash] = [missing.length, hashOf(missing)];
  const numbers = listed(missing.flatMap((id) => base.byId.get(id)?.number ?? []));
  await records.update<Quarantine>(deps, QUARANTINE, (stored) => {
    const known = current(stored, head);
    if (known !== undefined && known.generation > generation) return undefined;
    const same = known?.removedHash === removedHash ? known : { foundAt };
    const hasRecheck = wantsRecheck || known?.hasRecheck === true;
    const since = known?.since ?? foundAt;
    return { value: { ...same, generation, since, reason, removed, removedHash, numbers, hasRecheck } };
  });
}

function listed(missing: readonly PhoneNumber[]): QuarantinedNumber[] {
  const isMain = ({ usageType }: PhoneNumber) => usageType === "MainCompanyNumber";
  return [...missing.filter(isMain), ...missing.filter((number) => !isMain(number))]
    .slice(0, MAX_LISTED)
    .map(({ id, phoneNumber, label, extension, usageType }) =>
      omitUndefined({ id, phoneNumber: masked(phoneNumber), name: label ?? extension?.name, usageType }),
    );
}

/** The last four digits; fewer of a short number. */
const masked = (phoneNumber: string) =>
  `•••${phoneNumber.slice(-Math.min(4, Math.floor(phoneNumber.length / 2)))}`;

/**
 * Records an operator's confirmation that the quarantined numbers are gone. The next sync that misses exactly the same
 * numbers commits their removal.
 * @param revision the hash of the numbers that the operator has seen
 * @returns false when nothing is quarantined, or other numbers are
 */
export async function confirmQuarantine(
  deps: UpdateDeps,
  accountId: string,
  revision?: string,
): Promise<boolean> {
  const records = new SyncRecords(deps.records, accountId);
  const head = await readHead(records);
  const seen = (stored: Quarantine | undefined) => {
    const known = current(stored, head);
    return revision === undefined || known?.removedHash === revision ? known : undefined;
  };
  const stored = await records.update<Quarantine>(deps, QUARANTINE, (stored) => {
    const known = seen(stored);
    if (known === undefined || known.confirmedAt !== undefined) return undefined;
    return { value: { ...known, confirmedAt: deps.clock.now() } };
  });
  return seen(stored?.value) !== undefined;
}
