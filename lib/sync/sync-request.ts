import type { SyncRun } from "../contract/sync.ts";
import type { Checkpoint } from "./run/checkpoint.ts";
import type { Head } from "./snapshot/head.ts";

/** When a sync was last requested: `at`, in epoch milliseconds. */
export const QUEUED = "queued";

export interface Requested {
  at: number;
}

/**
 * The requests until then wait no more: a later scan completes their message, or a run has ended without a version, after
 * which none may be left. A scan's begin is compared as `handleMessage` compares it; a run's end by another clock.
 * @param skewMs how far the two clocks may differ
 * @returns epoch milliseconds
 */
export function takenUpUntil(
  checkpoint: Checkpoint | undefined,
  { checkedAt }: Head,
  last: SyncRun | undefined,
  skewMs = 0,
): number {
  const isVain = last?.state === "failed" || last?.state === "quarantined";
  const endedAt = isVain ? Date.parse(last.endedAt) + skewMs : 0;
  return Math.max(checkpoint?.scanStartedAt ?? 0, checkedAt, endedAt);
}
