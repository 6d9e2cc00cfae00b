import { ProblemError } from "../contract/problems.ts";
import type { SyncStatus } from "../contract/sync.ts";
import { type MessageQueue, QueueUnavailable } from "../platform/message-queue.ts";
import { type UpdateDeps, updateRecord } from "../storage/update-record.ts";
import { readSyncStatus } from "./get-sync-status.ts";
import type { SyncMessage } from "./queue/sync-message.ts";
import { type QueuedRecord, queuedKey } from "./snapshot/sync-records.ts";

export interface StartSyncDeps extends UpdateDeps {
  queue: MessageQueue;
}

export interface Accepted {
  at: string;
  data: SyncStatus;
}

/** `POST /v1/sync`. @throws ProblemError `queue_unavailable`; StorageUnavailable */
export async function startSync(
  deps: StartSyncDeps,
  { accountId }: { accountId: string },
): Promise<Accepted> {
  const message: SyncMessage = { accountId, trigger: "request", requestedAt: deps.clock.now(), postponed: 0 };
  // Before the message: a run may begin before `send` returns, and a run that begins later ends the state `queued`.
  await recordRequest(deps, accountId);
  await deps.queue.send(message).catch((error: unknown) => {
    if (!(error instanceof QueueUnavailable)) throw error;
    throw new ProblemError("queue_unavailable", { retryAfterSeconds: 5, cause: error });
  });
  return {
    at: "/v1/sync",
    data: await readSyncStatus({ records: deps.records, now: deps.clock.now }, accountId),
  };
}

/** Records that a sync was requested; the status is `queued` until one begins. */
export async function recordRequest(deps: UpdateDeps, accountId: string): Promise<void> {
  await updateRecord<QueuedRecord>(deps, queuedKey(accountId), () => ({ value: { at: deps.clock.now() } }));
}
