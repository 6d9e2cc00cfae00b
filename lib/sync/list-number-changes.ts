import type { NumberChange } from "../contract/company-numbers.ts";
import type { FeedPage, PageRequest } from "../contract/paging.ts";
import { ProblemError } from "../contract/problems.ts";
import type { RecordStore } from "../storage/record-store.ts";
import { readChanges } from "./snapshot/change-feed.ts";

/** Suggested polling interval. A poll costs one or two reads of the table, and its response is usually 304. */
const POLL_AFTER_SECONDS = 60;
/** The first sync of a small account takes seconds. */
const FIRST_SYNC_SECONDS = 30;

/** `GET /v1/account/phone-numbers/changes`. @throws ProblemError `cursor_expired`, `snapshot_missing` */
export async function listNumberChanges(
  deps: { records: RecordStore; now: () => number },
  { accountId, page }: { accountId: string; page: PageRequest },
): Promise<FeedPage<NumberChange>> {
  const changes = await readChanges(deps, { accountId, page });
  if (changes === undefined) {
    throw new ProblemError("snapshot_missing", { retryAfterSeconds: FIRST_SYNC_SECONDS });
  }
  return { ...changes, pollAfterSeconds: POLL_AFTER_SECONDS };
}
