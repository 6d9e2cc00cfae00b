import type { CallHandling } from "../../contract/paging.ts";
import type { Clock } from "../../platform/clock.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordKey, RecordStore } from "../../storage/record-store.ts";
import { retryingRecords } from "../../storage/retrying-records.ts";
import {
  createTableWait,
  limitedRecords,
  PERMIT_WAIT_MS,
  unlimitedRecords,
} from "../../storage/table-wait.ts";
import { type UpdateDeps, updateRecord } from "../../storage/update-record.ts";
import type { NumbersRequest } from "../shared/request.ts";
import { type Aliases, withAliases } from "./ids.ts";

/** What is known of one extension; SPEC.md has the states. */
export interface BackendRecord {
  callHandling: CallHandling;
  /** Epoch milliseconds: afterwards RingCentral is asked again. */
  until: number;
  /** Epoch milliseconds of the last question after a rejection. */
  recheckedAt?: number;
  /** Epoch milliseconds: afterwards a Light call looks whether the new backend serves a legacy extension by now. */
  lookAt?: number;
  /** The new backend serves the extension, but RingCentral calls it legacy: looking tells nothing. */
  isServedByBoth?: boolean;
  aliases: Aliases;
}

/** An extension that has no record yet: as before any move. */
export const UNKNOWN: BackendRecord = { callHandling: "legacy", until: 0, aliases: [] };

/** No account is known to have moved back. */
const NEW_MS = 24 * 60 * 60 * 1000;
/** One Medium call an hour for an extension in use. */
const LEGACY_MS = 60 * 60 * 1000;

/** A move is silent: reads notice it after this time at the latest, for one Light call. */
export const LOOK_INTERVAL_MS = 10 * 60 * 1000;

/** What is known of an extension after an answer of RingCentral's, until it is to be asked again. */
export function found(
  callHandling: CallHandling,
  now: number,
  isServedByNew: boolean | undefined,
): Omit<BackendRecord, "aliases"> {
  if (callHandling === "new") return { callHandling, until: now + NEW_MS };
  const lookAt = now + LOOK_INTERVAL_MS;
  return { callHandling, until: now + LEGACY_MS, lookAt, ...(isServedByNew && { isServedByBoth: true }) };
}

/** What one request adds to the record. */
export interface BackendChange {
  /** The backend that the request took the extension to be on. */
  before: CallHandling;
  /** What RingCentral's answer says. */
  found?: Omit<BackendRecord, "aliases">;
  aliases: Aliases;
}

/** The record after a change. */
export function changedRecord(
  record: BackendRecord,
  { before, found, aliases }: BackendChange,
): BackendRecord {
  // Another process has learned of the move after this one heard that there was none.
  const isOutdated = found?.callHandling === "legacy" && record.callHandling !== before;
  return { ...record, ...(!isOutdated && found), aliases: withAliases(record.aliases, aliases) };
}

/** The last known records of this process, by its table, for when that is not available. */
const lastKnown = new WeakMap<RecordStore, Map<string, BackendRecord>>();
/** The most extensions whose last known records a process keeps. */
const MAX_KNOWN = 1_000;

/** Granted to what no later request may make up for. */
const LEAST_MS = 400;

/** The table within the wait that one request may have for it. */
export function tableOf(
  { records, clock }: Pick<UpdateDeps, "records" | "clock">,
  { call }: NumbersRequest,
  isLasting = false,
): RecordStore {
  const share = isLasting ? { leastMs: LEAST_MS } : { keepMs: PERMIT_WAIT_MS };
  return limitedRecords(records, call.tableWait ?? createTableWait(clock), share);
}

/** @returns the record, and whether it is the table's; if not, the one that this process read last */
export async function readBackend(
  deps: Pick<UpdateDeps, "records" | "clock">,
  request: NumbersRequest,
): Promise<{ record: BackendRecord; isStored: boolean }> {
  const { records } = deps;
  const key = recordKey(request);
  try {
    const stored = await tableOf(deps, request).read<BackendRecord>(key);
    return { record: keep(records, key, stored?.value ?? UNKNOWN), isStored: true };
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    return {
      record: lastKnown.get(unlimitedRecords(records))?.get(key.partition) ?? UNKNOWN,
      isStored: false,
    };
  }
}

/**
 * Changes the record.
 * @param isLasting no later request may make up for the change: the table is asked repeatedly
 * @returns the record, and whether the table has it. If not, this process keeps it for itself.
 */
export async function changeBackend(
  deps: UpdateDeps,
  request: NumbersRequest,
  known: BackendRecord,
  change: BackendChange,
  isLasting: boolean,
): Promise<{ record: BackendRecord; isStored: boolean }> {
  const { records, clock } = deps;
  const { deadline, tableWait, log } = request.call;
  const key = recordKey(request);
  const limited = tableOf(deps, request, isLasting);
  const table = isLasting ? retryingRecords(limited, clock, deadline, tableWait) : limited;
  try {
    const stored = await updateRecord<BackendRecord>(
      { ...deps, records: table },
      key,
      (record = UNKNOWN) => ({
        value: changedRecord(record, change),
      }),
    );
    return { record: keep(records, key, stored?.value ?? known), isStored: true };
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    log.warn("the call-handling backend could not be stored", { error });
    return { record: keep(records, key, changedRecord(known, change)), isStored: false };
  }
}

function keep(store: RecordStore, { partition }: RecordKey, record: BackendRecord): BackendRecord {
  const records = unlimitedRecords(store);
  const known = lastKnown.get(records) ?? new Map<string, BackendRecord>();
  if (known.size >= MAX_KNOWN) known.clear();
  lastKnown.set(records, known.set(partition, record));
  return record;
}

/** A record of one extension's forwarding numbers. */
export function recordKey(
  { extensionId, call: { accountId } }: { extensionId: string; call: { accountId: string } },
  sort = "backend",
): RecordKey {
  return { partition: `forwarding#${accountId}#${extensionId}`, sort };
}

/** The extension has changed, perhaps by a move: the next request asks. */
export async function forgetBackend(
  deps: { records: RecordStore; clock: Clock; random: () => number },
  accountId: string,
  extensionId: string,
): Promise<void> {
  const key = recordKey({ extensionId, call: { accountId } });
  await updateRecord<BackendRecord>(deps, key, (record) => record && { value: { ...record, until: 0 } });
}
