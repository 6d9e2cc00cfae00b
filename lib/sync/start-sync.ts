import { ProblemError } from "../contract/problems.ts";
import type { SyncStatus } from "../contract/sync.ts";
import { type MessageQueue, QueueUnavailable } from "../platform/message-queue.ts";
import type { UpdateDeps } from "../storage/update-record.ts";
import { getSyncStatus, QUEUED } from "./get-sync-status.ts";
import type { SyncMessage } from "./queue/handle-message.ts";
import { confirmQuarantine } from "./run/quarantine.ts";
import { MAX_SKEW_MS, readRun } from "./run/run-lease.ts";
import { SyncRecords } from "./snapshot/sync-records.ts";

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
 * Whether an earlier request's message waits for its run. That run begins later than this request and so covers it. One
 * account then has at most one such message a minute, however often its callers ask, and the queue serves the others.
 */
async function isWaiting(deps: StartSyncDeps, accountId: string): Promise<boolean> {
  const records = new SyncRecords(deps.records, accountId);
  // In this order: a run that begins between the two readings counts as begun.
  const queuedAt = (await records.read<{ at: number }>(QUEUED))?.value.at ?? 0;
  const run = await readRun(records);
  const hasBegun = (run?.value.startedAt ?? 0) + MAX_SKEW_MS >= queuedAt;
  return !hasBegun && deps.clock.now() - queuedAt < WAITING_MS;
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
  await new SyncRecords(deps.records, accountId).update<{ at: number }>(deps, QUEUED, () => ({
    value: { at },
  }));
}

/** `POST /v1/sync/quarantine/confirm`. @throws ProblemError `sync_not_quarantined`, `queue_unavailable` */
export async function confirmSyncQuarantine(
  deps: StartSyncDeps,
  request: { accountId: string },
): Promise<Accepted> {
  if (!(await confirmQuarantine(deps, request.accountId))) throw new ProblemError("sync_not_quarantined");
  return startSync(deps, request);
}
