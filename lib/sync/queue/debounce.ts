import type { Logger } from "../../platform/logger.ts";
import type { MessageQueue } from "../../platform/message-queue.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import type { SyncMessage } from "./handle-message.ts";

export interface DebounceDeps {
  records: RecordStore;
  queue: MessageQueue;
  now: () => number;
  log: Logger;
}

/** Changes come in bursts: the sync waits for the last of them. */
const DEBOUNCE_MS = 30_000;
/** A sync costs Heavy calls: change notifications start at most one in this time. */
const SPACING_MS = 5 * 60_000;

/**
 * Queues an early sync, once for all change notifications that arrive before it begins.
 * @returns whether this notification queued it
 * @throws StorageUnavailable, QueueUnavailable: nothing is queued, and the notification has to be delivered again
 */
export async function debounceSync(deps: DebounceDeps, accountId: string): Promise<boolean> {
  const { records, queue, now, log } = deps;
  const key = { partition: `sync#${accountId}`, sort: "hint" };
  /** Epoch milliseconds: earliest start of the sync that notifications queued. */
  const stored = await records.read<{ dueAt: number }>(key);
  const lastDueAt = stored?.value.dueAt ?? 0;
  if (lastDueAt > now()) return false;
  const dueAt = Math.max(now() + DEBOUNCE_MS, lastDueAt + SPACING_MS);
  const version = await records.compareAndSet(key, stored?.version ?? null, { dueAt });
  // Another notification was first; its sync covers this one too.
  if (version === undefined) return false;
  // Later notifications rely on this sync too, so only a full scan that begins after `dueAt` completes it.
  const message: SyncMessage = { accountId, trigger: "hint", requestedAt: dueAt, postponed: 0 };
  try {
    await queue.send(message, (dueAt - now()) / 1000);
  } catch (error) {
    await records.remove(key, version).catch(() => log.warn("debounce record not removed", { accountId }));
    throw error;
  }
  return true;
}
