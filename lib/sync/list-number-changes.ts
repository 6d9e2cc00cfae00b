import * as z from "zod/mini";
import type { NumberChange } from "../contract/company-numbers.ts";
import type { FeedPage, PageRequest } from "../contract/paging.ts";
import { ProblemError } from "../contract/problems.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { RecordStore } from "../storage/record-store.ts";
import { feedEnd, readChangesFrom } from "./snapshot/change-log.ts";
import { FEED_RETENTION_MS, readHead } from "./snapshot/head.ts";
import { snapshotStart } from "./snapshot/snapshot.ts";
import { SyncRecords } from "./snapshot/sync-records.ts";

/** Suggested polling interval. A poll costs one or two reads of the table, and its response is usually 304. */
const POLL_AFTER_SECONDS = 60;
/** The first sync of a small account takes seconds. */
const FIRST_SYNC_SECONDS = 30;

const changePosition = z.object({ version: z.number(), index: z.number(), since: z.optional(z.number()) });

/**
 * `GET /v1/account/phone-numbers/changes`: changes since a position, oldest first, each exactly once. Without a
 * position: no changes, the position of the next change, and the start of the snapshot that holds everything before it.
 * Costs one read of the table when nothing has changed, and two more for each changed version.
 * @throws ProblemError `cursor_expired` for a position older than the changes that are kept, or of a history that ended
 * when the table was restored; `snapshot_missing`;
 * StorageUnavailable
 */
export async function listNumberChanges(
  deps: { records: RecordStore; now: () => number },
  { accountId, page: { limit, position } }: { accountId: string; page: PageRequest },
): Promise<FeedPage<NumberChange>> {
  const records = new SyncRecords(deps.records, accountId);
  const head = await readHead(records);
  const snapshot = snapshotStart(head, deps.now());
  if (snapshot === undefined) {
    throw new ProblemError("snapshot_missing", { retryAfterSeconds: FIRST_SYNC_SECONDS });
  }
  const about = { source: "snapshot", asOf: head.checkedAt, pollAfterSeconds: POLL_AFTER_SECONDS } as const;
  if (position === undefined) {
    return { ...about, items: [], next: feedEnd(head), hasMore: false, snapshot: { ...snapshot } };
  }
  const from = changePosition.safeParse(position).data;
  if (from === undefined || from.version > head.version + 1) throw new ProblemError("cursor_expired");
  const notBefore = deps.now() - FEED_RETENTION_MS;
  const read = await readChangesFrom(records, { head, from, limit, notBefore });
  if (read === undefined) throw new ProblemError("cursor_expired");
  const { changes, next } = read;
  return { ...about, items: changes, next: omitUndefined(next), hasMore: next.version <= head.version };
}
