import type { Clock } from "../../platform/clock.ts";
import type { Logger } from "../../platform/logger.ts";
import type { MessageQueue } from "../../platform/message-queue.ts";
import type { SyncMessage } from "./sync-message.ts";

/** Accounts start spread over this time, so that they do not reach the queue's consumers at once. */
const SPREAD_MS = 60_000;

/**
 * Queues a sync of each account. A failed account does not stop the others; the scheduler may repeat the call.
 * @throws the first failure
 */
export async function queueSyncs(
  { queue, clock, log }: { queue: MessageQueue; clock: Clock; log: Logger },
  accounts: readonly string[],
): Promise<{ queued: number }> {
  if (accounts.length === 0) log.warn("SYNC_ACCOUNTS names no account: nothing to sync");
  const requestedAt = clock.now();
  const sent = await Promise.allSettled(
    accounts.map((accountId, index) => {
      const message: SyncMessage = { accountId, trigger: "schedule", requestedAt, postponed: 0 };
      return queue.send(message, Math.floor((index * SPREAD_MS) / accounts.length / 1000));
    }),
  );
  const failures = sent.filter((result) => result.status === "rejected");
  if (failures[0] !== undefined) {
    log.error("not every sync was queued", { failed: failures.length, of: accounts.length });
    throw failures[0].reason;
  }
  return { queued: accounts.length };
}
