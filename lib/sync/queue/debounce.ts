import * as z from "zod/mini";
import type { Logger } from "../../platform/logger.ts";
import type { MessageQueue } from "../../platform/message-queue.ts";
import type { RecordKey, RecordStore } from "../../storage/record-store.ts";
import type { SyncMessage } from "./sync-message.ts";

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

const debounceRecord = z.object({
  /** Epoch milliseconds: earliest start of the sync that notifications queued. */
  dueAt: z.number(),
});

const debounceKey = (accountId: string): RecordKey => ({ partition: `sync#${accountId}`, sort: "hint" });

/**
 * Queues an early sync, once for all change notifications that arrive before it begins.
 * @returns whether this notification queued it
 * @throws StorageUnavailable, QueueUnavailable: nothing is queued, and the notification has to be delivered again
 */
export async function debounceSync(deps: DebounceDeps, accountId: string): Promise<boolean> {
  const { records, queue, now, log } = deps;
  const key = debounceKey(accountId);
  const stored = await records.read<unknown>(key);
  const known = debounceRecord.safeParse(stored?.value);
  const lastDueAt = known.success ? known.data.dueAt : Number.NEGATIVE_INFINITY;
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
