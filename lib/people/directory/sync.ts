import type { Clock } from "../../platform/clock.ts";
import type { Deadline } from "../../platform/deadline.ts";
import type { Logger } from "../../platform/logger.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import type { CallContext, RingCentral } from "../../ringcentral/api/operation.ts";
import { listDirectoryEntries } from "../../ringcentral/api/operations.ts";
import type { WireDirectory, WireDirectoryEntry } from "../../ringcentral/api/wire.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { type PeopleKeys, PeopleSeal } from "../keys.ts";
import { confirmHead, keyName, readEntries, readHead, writeCopy } from "./copy.ts";
import { type DirectoryEntry, toDirectoryEntry } from "./entry.ts";

export interface SyncDirectoryDeps {
  records: RecordStore;
  /** Without the read cache. */
  ringcentral: RingCentral;
  keys: PeopleKeys;
  clock: Clock;
  nonce: () => string;
}

export interface SyncDirectoryRequest {
  accountId: string;
  deadline: Deadline;
  requestId: string;
  log: Logger;
  /** Epoch milliseconds: a reading that began later answers the request too. */
  requestedAt: number;
}

export type DirectoryOutcome =
  | { state: "already_read" | "unchanged" }
  | { state: "committed"; entries: number }
  | { state: "unreadable"; reason: "empty" | "incomplete" | "another_list" };

/** 120,000 entries; more are not read. The head fits into an item of the table up to some 100,000, whatever their ids are. */
const MAX_PAGES = 60;
/** Lost races against other readings. */
const MAX_TRIES = 4;

/**
 * Brings the copy of an account's directory up to date. One reading is one call: its ETag makes an unchanged directory
 * cost nothing more than that call and one write. The reading needs no lease: of two at the same time, the one that
 * began later wins.
 * @throws RingCentralError, StorageUnavailable; SecretUnavailableError
 */
export async function syncDirectory(
  deps: SyncDirectoryDeps,
  request: SyncDirectoryRequest,
): Promise<DirectoryOutcome> {
  const { records, keys, clock, nonce } = deps;
  const { accountId, deadline } = request;
  const seal = new PeopleSeal(keys, accountId, deadline);
  const known = await readHead(records, accountId);
  if (known !== undefined && known.value.checkedAt >= request.requestedAt) return { state: "already_read" };
  // Another key than the current one may be gone soon: everything is read and sealed again.
  const isReadable = known?.value.sealedWith === keyName(await seal.key());
  const checkedAt = clock.now();
  const reading = await readDirectory(deps, request, isReadable ? known?.value.etag : undefined);
  if ("reason" in reading) return { state: "unreadable", reason: reading.reason };
  // The service's own extension is always listed, so an empty list is a fault.
  if (reading.entries?.length === 0) return { state: "unreadable", reason: "empty" };
  for (let attempt = 0, before = known; attempt < MAX_TRIES; attempt += 1) {
    if (before !== undefined && before.value.checkedAt >= checkedAt) return { state: "already_read" };
    if (reading.entries === undefined) {
      // The unchanged list is the one of this ETag.
      if (before?.value.etag !== known?.value.etag || before === undefined) return { state: "already_read" };
      if (await confirmHead(records, accountId, before, checkedAt)) return { state: "unchanged" };
    } else {
      const entries = before && (await readEntries(records, accountId, seal, before.value));
      const copy = { ...reading, entries: reading.entries, checkedAt, known: entries, nonce };
      if (await writeCopy(records, accountId, seal, before, copy)) {
        return { state: "committed", entries: reading.entries.length };
      }
    }
    before = await readHead(records, accountId);
  }
  return { state: "already_read" };
}

/** `entries` absent: they are those of the ETag. */
type Reading =
  | { entries?: DirectoryEntry[]; etag?: string | undefined }
  | { reason: "incomplete" | "another_list" };

async function readDirectory(
  { ringcentral }: SyncDirectoryDeps,
  { accountId, deadline, requestId, log }: SyncDirectoryRequest,
  etag: string | undefined,
): Promise<Reading> {
  const context: CallContext = {
    accountId,
    deadline,
    requestId,
    log,
    priority: "sync",
    route: "syncDirectory",
    fresh: true,
  };
  const call = (page: number, perPage: number | "all", ifNoneMatch?: string): Promise<WireDirectory> =>
    ringcentral.call(
      listDirectoryEntries,
      // By default, the people of federated accounts are listed too. [spec: OAS]
      {
        query: { page, perPage, showFederated: "false" },
        ...(ifNoneMatch !== undefined && { ifNoneMatch }),
      },
      context,
    );
  const first = await call(1, "all", etag).catch((error: unknown) => {
    // `all` is described, not observed [unsure].
    if (!(error instanceof RingCentralError) || error.failure.status !== 400) throw error;
    return call(1, 1000);
  });
  if (first.status === 304) return {};
  const { totalPages = 1, totalElements, perPage = 1000 } = first.body;
  const records = [...first.body.records];
  let skipped = first.body.skippedRecords ?? 0;
  for (let page = 2; page <= Math.min(totalPages, MAX_PAGES); page += 1) {
    const next = await call(page, perPage);
    if (next.status === 304 || next.body.totalElements !== totalElements) return { reason: "another_list" };
    records.push(...next.body.records);
    skipped += next.body.skippedRecords ?? 0;
  }
  const byId = new Map<string, WireDirectoryEntry>(records.map((record) => [record.id, record]));
  // A person who is missing here would lose access, and a second one with the same e-mail would go unseen.
  if (totalElements !== undefined && byId.size + skipped < totalElements) return { reason: "incomplete" };
  const entries = [...byId.values()].flatMap((wire) => toDirectoryEntry(wire, accountId) ?? []);
  // Of several pages, the ETag may cover the first alone.
  return { entries, etag: totalPages > 1 ? undefined : first.etag };
}
