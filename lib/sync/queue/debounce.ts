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

/** Changes come in bursts: wait for the last of them. */
const DEBOUNCE_MS = 30_000;
/** A sync costs Heavy calls: hints alone start one no more often than this. */
const SPACING_MS = 5 * 60_000;

const hintRecord = z.object({
  /** Epoch milliseconds: when the sync that hints woke begins, at the earliest. */
  dueAt: z.number(),
});

const hintKey = (accountId: string): RecordKey => ({ partition: `sync#${accountId}`, sort: "hint" });

/**
 * Queues an early sync, once for all hints that come before it begins.
 * @returns whether this hint is the one that queued it
 * @throws StorageUnavailable, QueueUnavailable: then nothing is queued, and the hint has to come again
 */
export async function debounceSync(deps: DebounceDeps, accountId: string): Promise<boolean> {
  const { records, queue, now, log } = deps;
  const key = hintKey(accountId);
  const stored = await records.read<unknown>(key);
  const known = hintRecord.safeParse(stored?.value);
  const lastDueAt = known.success ? known.data.dueAt : Number.NEGATIVE_INFINITY;
  if (lastDueAt > now()) return false;
  const dueAt = Math.max(now() + DEBOUNCE_MS, lastDueAt + SPACING_MS);
  const version = await records.compareAndSet(key, stored?.version ?? null, { dueAt });
  // Another hint was first, and has queued the sync that answers this one too.
  if (version === undefined) return false;
  // Hints that are still to come count on this sync too: only a sweep that begins after them all has answered it.
  const work: SyncMessage = { accountId, trigger: "hint", requestedAt: dueAt, postponed: 0 };
  try {
    await queue.send(work, (dueAt - now()) / 1000);
  } catch (error) {
    await records.remove(key, version).catch(() => log.warn("hint left behind", { accountId }));
    throw error;
  }
  return true;
}
