import * as z from "zod/mini";
import type { NumberChange } from "../../contract/company-numbers.ts";
import type { FeedPage, PageRequest, Position } from "../../contract/paging.ts";
import { ProblemError } from "../../contract/problems.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { type ChangePosition, ChangesGone, readChangesFrom } from "./change-log.ts";
import { snapshotStart } from "./snapshot.ts";
import { readHead } from "./snapshot-store.ts";
import { FEED_RETENTION_MS } from "./sync-records.ts";

const changePosition = z.object({ version: z.number(), index: z.number() });

/** A page of the feed without the suggested polling interval. */
type ChangesPage = Omit<FeedPage<NumberChange>, "pollAfterSeconds">;

/**
 * Changes since a position, oldest first, each exactly once. Without a position: no changes, the position of the next
 * change, and the start of the snapshot that holds everything before it.
 * Costs one read of the table when nothing has changed, and two more for each changed version.
 * @returns undefined when there is no snapshot yet
 * @throws ProblemError `cursor_expired` for a position older than the changes that are kept; StorageUnavailable
 */
export async function readChanges(
  { records, now }: { records: RecordStore; now: () => number },
  { accountId, page: { limit, position } }: { accountId: string; page: PageRequest },
): Promise<ChangesPage | undefined> {
  const head = await readHead(records, accountId);
  const snapshot = snapshotStart(head, now());
  if (snapshot === undefined) return undefined;
  const about = { source: "snapshot", asOf: head.checkedAt } as const;
  if (position === undefined) {
    const next = { version: head.version + 1, index: 0 };
    return { ...about, items: [], next, hasMore: false, snapshot: { ...snapshot } };
  }
  const notBefore = now() - FEED_RETENTION_MS;
  const from = parsePosition(position);
  if (from === undefined || from.version > head.version + 1) throw new ProblemError("cursor_expired");
  try {
    const { changes, next } = await readChangesFrom(records, accountId, { head, from, limit, notBefore });
    return { ...about, items: changes, next: { ...next }, hasMore: next.version <= head.version };
  } catch (error) {
    if (!(error instanceof ChangesGone)) throw error;
    throw new ProblemError("cursor_expired", { cause: error });
  }
}

function parsePosition(position: Position): ChangePosition | undefined {
  const parsed = changePosition.safeParse(position);
  return parsed.success ? parsed.data : undefined;
}
