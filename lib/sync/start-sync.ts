import { ProblemError } from "../contract/problems.ts";
import type { SyncStatus } from "../contract/sync.ts";
import { type MessageQueue, QueueUnavailable } from "../platform/message-queue.ts";
import type { RecordStore } from "../storage/record-store.ts";
import type { SyncWork } from "./queue/sync-message.ts";
import { confirmQuarantine } from "./run/quarantine.ts";
import { queueSync, readSyncStatus } from "./status.ts";

export interface StartSyncDeps {
  records: RecordStore;
  now: () => number;
  queue: MessageQueue;
}

interface Accepted {
  at: string;
  data: SyncStatus;
}

/** `POST /v1/sync`. @throws ProblemError `queue_unavailable`; StorageUnavailable */
export async function startSync(
  deps: StartSyncDeps,
  { accountId }: { accountId: string },
): Promise<Accepted> {
  const work: SyncWork = { accountId, trigger: "request", requestedAt: deps.now(), postponed: 0 };
  // Noted first: the run may begin before the message's sender gets its answer, and a run that began later ends this.
  await queueSync(deps, accountId);
  await deps.queue.send(work).catch((error: unknown) => {
    if (!(error instanceof QueueUnavailable)) throw error;
    throw new ProblemError("queue_unavailable", { retryAfterSeconds: 5, cause: error });
  });
  return { at: "/v1/sync", data: await readSyncStatus(deps, accountId) };
}

/** `POST /v1/sync/quarantine/confirm`. @throws ProblemError `sync_not_quarantined`, `queue_unavailable` */
export async function confirmSyncQuarantine(
  deps: StartSyncDeps,
  request: { accountId: string },
): Promise<Accepted> {
  if (!(await confirmQuarantine(deps, request.accountId))) throw new ProblemError("sync_not_quarantined");
  return startSync(deps, request);
}
