import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/logger.ts";
import type { MessageQueue } from "../platform/message-queue.ts";
import type { RecordStore } from "../storage/record-store.ts";
import { isDue } from "./is-due.ts";
import type { SyncMessage } from "./queue/sync-message.ts";
import type { RunRecord } from "./run/run-lease.ts";
import { inBatches } from "./snapshot/compressed-records.ts";
import { readHead } from "./snapshot/snapshot-store.ts";
import { runKey } from "./snapshot/sync-records.ts";
import { readAccounts } from "./synced-accounts.ts";

/** Accounts start spread over this time, so that they do not reach the queue's consumers at once. */
const SPREAD_MS = 60_000;

interface QueueSyncsDeps {
  records: RecordStore;
  queue: MessageQueue;
  clock: Clock;
  log: Logger;
}

/**
 * Queues a sync of each account that is due. A failed account does not stop the others; the scheduler may repeat the
 * call.
 * @param named the accounts that the setting names; others are in the table
 * @throws the first failure
 */
export async function queueSyncs(
  deps: QueueSyncsDeps,
  named: readonly string[],
): Promise<{ queued: number }> {
  const { log } = deps;
  const accounts = await readAccounts(deps.records, named);
  if (accounts.length === 0)
    log.warn("neither SYNC_ACCOUNTS nor the table names an account: nothing to sync");
  const places = accounts.map((accountId, index) => ({
    accountId,
    delayMs: (index * SPREAD_MS) / accounts.length,
  }));
  const failures: unknown[] = [];
  const queued = await inBatches(places, ({ accountId, delayMs }) =>
    queueIfDue(deps, accountId, delayMs).catch((error: unknown) => {
      failures.push(error);
      return false;
    }),
  );
  if (failures.length > 0) {
    log.error("not every sync was queued", { failed: failures.length, of: accounts.length });
    throw failures[0];
  }
  return { queued: queued.filter(Boolean).length };
}

async function queueIfDue(
  { records, queue, clock }: QueueSyncsDeps,
  accountId: string,
  delayMs: number,
): Promise<boolean> {
  const [head, run] = await Promise.all([
    readHead(records, accountId),
    records.read<RunRecord>(runKey(accountId)),
  ]);
  const requestedAt = clock.now();
  if (!isDue(head, run?.value, requestedAt)) return false;
  const message: SyncMessage = { accountId, trigger: "schedule", requestedAt, postponed: 0 };
  await queue.send(message, Math.floor(delayMs / 1000));
  return true;
}
