import type { Checkpoint, RunLease } from "./run-lease.ts";
import type { SyncDeps, SyncRequest } from "./run-sync.ts";

export function newRun(
  { clock, random }: SyncDeps,
  { trigger }: SyncRequest,
  { head, generation }: RunLease,
  fingerprint: string,
): Checkpoint {
  const now = clock.now();
  const noise = Math.floor(random() * 36 ** 4).toString(36);
  return {
    // The generation alone makes it unique; the rest is for people.
    runId: `${now.toString(36)}-${generation.toString(36)}-${noise}`,
    trigger,
    startedAt: now,
    updatedAt: now,
    base: head.version,
    fingerprint,
    sweep: 1,
    sweepStartedAt: now,
    pagesBefore: 0,
    isSwept: false,
    numbersSeen: 0,
    skipped: 0,
    pages: [],
    lookups: [],
    trouble: 0,
  };
}
