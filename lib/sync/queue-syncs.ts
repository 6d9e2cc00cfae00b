import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/logger.ts";
import type { MessageQueue } from "../platform/message-queue.ts";
import type { RecordStore } from "../storage/record-store.ts";
import type { SyncMessage } from "./queue/handle-message.ts";
import { type RunRecord, readRun } from "./run/run-lease.ts";
import { type Head, readHead } from "./snapshot/head.ts";
import { SyncRecords } from "./snapshot/sync-records.ts";
import { type AccountSettings, forEachAccount, readAccounts } from "./synced-accounts.ts";

/** Time between two calls of the schedule. */
export const TICK_MS = 15 * 60_000;
const NUMBERS_PER_PAGE = 1_000;
/** RingCentral allows ten Heavy calls a minute [docs: RATE]; the sync leaves three of them to callers. */
const PAGE_MS = 60_000 / 7;
/** Accounts start spread over this time, so that they do not reach the queue's consumers at once. */
const SPREAD_MS = 60_000;

interface QueueSyncsDeps {
  records: RecordStore;
  queue: MessageQueue;
  clock: Clock;
  log: Logger;
}

/**
 * Queues a sync of each account that is due. The scheduler may repeat the call.
 * @throws the first failure, after all accounts
 */
export async function queueSyncs(
  { records: store, queue, clock, log }: QueueSyncsDeps,
  settings: AccountSettings,
): Promise<{ queued: number }> {
  const accounts = await readAccounts(store, settings);
  if (accounts.length === 0)
    log.warn("neither SYNC_ACCOUNTS nor the table names an account: nothing to sync");
  const queued = await forEachAccount(accounts, log, "sync not queued", async (accountId, index) => {
    const records = new SyncRecords(store, accountId);
    const [head, run] = await Promise.all([readHead(records), readRun(records)]);
    const requestedAt = clock.now();
    if (!isDue(head, run?.value, requestedAt)) return false;
    const message: SyncMessage = { accountId, trigger: "schedule", requestedAt, postponed: 0 };
    await queue.send(message, Math.floor((index * SPREAD_MS) / accounts.length / 1000));
    return true;
  });
  return { queued: queued.filter(Boolean).length };
}

/** Whether the schedule queues a sync now, because the next tick would be too late. */
export function isDue(head: Head, run: RunRecord | undefined, now: number): boolean {
  const { checkpoint, generation, startedAt = 0 } = run ?? {};
  const isUnderWay = checkpoint !== undefined && generation !== head.checkedBy;
  // Its own message continues such a run; when that message is lost, the next tick does.
  if (isUnderWay && now - checkpoint.updatedAt < TICK_MS) return false;
  // After a run that failed or was quarantined the next one waits as long as after a success.
  const lastAt = isUnderWay ? head.checkedAt : Math.max(head.checkedAt, startedAt);
  return now - lastAt > syncIntervalMs(head.total) - TICK_MS;
}

/** An account's interval between two syncs: twice the time that one takes, in whole ticks. */
export function syncIntervalMs(numbers: number): number {
  const scanMs = Math.ceil(numbers / NUMBERS_PER_PAGE) * PAGE_MS;
  return TICK_MS * Math.max(1, Math.ceil((2 * scanMs) / TICK_MS));
}
