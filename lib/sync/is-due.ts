import { ofKnownShape } from "./run/checkpoint.ts";
import type { RunRecord } from "./run/run-lease.ts";
import type { Head } from "./snapshot/sync-records.ts";

/** Time between two calls of the schedule. */
export const TICK_MS = 15 * 60_000;
const NUMBERS_PER_PAGE = 1_000;
/** RingCentral allows ten Heavy calls a minute [docs: RATE]; the sync leaves three of them to callers. */
const PAGE_MS = 60_000 / 7;

/** An account's interval between two syncs: twice the time that one takes, in whole ticks. */
export function syncIntervalMs(numbers: number): number {
  const scanMs = Math.ceil(numbers / NUMBERS_PER_PAGE) * PAGE_MS;
  return TICK_MS * Math.max(1, Math.ceil((2 * scanMs) / TICK_MS));
}

/** Whether the schedule queues a sync now, because the next tick would be too late. */
export function isDue(head: Head, run: RunRecord | undefined, now: number): boolean {
  const checkpoint = ofKnownShape(run?.checkpoint);
  const isUnderWay = checkpoint !== undefined && run?.generation !== head.checkedBy;
  // Its own message continues such a run; when that message is lost, the next tick does.
  if (isUnderWay && now - checkpoint.updatedAt < TICK_MS) return false;
  // After a run that failed or was quarantined the next one waits as long as after a success.
  const lastAt = isUnderWay ? head.checkedAt : Math.max(head.checkedAt, run?.startedAt ?? 0);
  return now - lastAt > syncIntervalMs(head.total) - TICK_MS;
}
