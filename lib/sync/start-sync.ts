import { ProblemError } from "../contract/problems.ts";
import type { SyncStatus } from "../contract/sync.ts";
import { type MessageQueue, QueueUnavailable } from "../platform/message-queue.ts";
import type { UpdateDeps } from "../storage/update-record.ts";
import { getSyncStatus } from "./get-sync-status.ts";
import type { SyncMessage } from "./queue/handle-message.ts";
import { confirmQuarantine, readQuarantine } from "./run/quarantine.ts";
import { readHistory } from "./run/run-history.ts";
import { MAX_SKEW_MS, readRun } from "./run/run-lease.ts";
import { readHead } from "./snapshot/head.ts";
import { SyncRecords } from "./snapshot/sync-records.ts";
import { QUEUED, type Requested, takenUpUntil } from "./sync-request.ts";

interface StartSyncDeps extends UpdateDeps {
  queue: MessageQueue;
}

interface Accepted {
  at: string;
  data: SyncStatus;
}

/** A message that waits longer may be lost. */
const WAITING_MS = 60_000;

/** `POST /v1/sync`. @throws ProblemError `queue_unavailable`; StorageUnavailable */
export async function startSync(
  deps: StartSyncDeps,
  { accountId }: { accountId: string },
): Promise<Accepted> {
  if (!(await isWaiting(deps, accountId))) await queueSync(deps, accountId);
  return {
    at: "/v1/sync",
    data: await getSyncStatus({ records: deps.records, now: deps.clock.now }, { accountId }),
  };
}

/**
 * Whether an earlier request's message waits for its scan. That scan begins later than this request and so covers it. One
 * account then has one such message for each scan, or one a minute, however often its callers ask.
 */
async function isWaiting(deps: StartSyncDeps, accountId: string): Promise<boolean> {
  const records = new SyncRecords(deps.records, accountId);
  // In this order: what begins or ends between two readings counts as begun or ended.
  const queuedAt = (await records.read<Requested>(QUEUED))?.value.at ?? 0;
  if (deps.clock.now() - queuedAt >= WAITING_MS) return false;
  const run = (await readRun(records))?.value;
  const head = await readHead(records);
  const [[last], quarantine] = await Promise.all([readHistory(records), readQuarantine(records, head)]);
  // A run that was under way at a confirmation may have judged without it.
  const { startedAt = 0 } = run ?? {};
  const { confirmedAt = 0 } = quarantine ?? {};
  const takenUp = takenUpUntil(run?.checkpoint, head, last, 2 * MAX_SKEW_MS);
  return queuedAt > Math.max(startedAt, confirmedAt, takenUp);
}

/** @throws as `startSync` */
async function queueSync(deps: StartSyncDeps, accountId: string): Promise<void> {
  const at = deps.clock.now();
  const message: SyncMessage = { accountId, trigger: "request", requestedAt: at, postponed: 0 };
  await deps.queue.send(message).catch((error: unknown) => {
    if (!(error instanceof QueueUnavailable)) throw error;
    throw new ProblemError("queue_unavailable", { cause: error });
  });
  // After the message, so that the state `queued` is true. A run that has begun meanwhile began after `at`, and ends it.
  await new SyncRecords(deps.records, accountId).update<Requested>(deps, QUEUED, (stored) => ({
    value: { at: Math.max(at, stored?.at ?? 0) },
  }));
}

/** `POST /v1/sync/quarantine/confirm`. @throws ProblemError `sync_not_quarantined`, `queue_unavailable` */
export async function confirmSyncQuarantine(
  deps: StartSyncDeps,
  { accountId, query }: { accountId: string; query: { revision?: string | undefined } },
): Promise<Accepted> {
  if (!(await confirmQuarantine(deps, accountId, query.revision)))
    throw new ProblemError("sync_not_quarantined");
  return startSync(deps, { accountId });
}
