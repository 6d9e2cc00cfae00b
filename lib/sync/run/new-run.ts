import { emptyBase } from "./base.ts";
import { type Checkpoint, newScan } from "./checkpoint.ts";
import type { Run, SyncDeps, SyncRequest } from "./run.ts";
import type { RunLease } from "./run-lease.ts";

export function newRun(deps: SyncDeps, request: SyncRequest, lease: RunLease): Run {
  const given = { ...request, ...deps, lease };
  return {
    ...given,
    checkpoint: lease.found ?? newCheckpoint(given, ""),
    base: emptyBase,
    numbers: new Map(),
    missing: [],
    isConfirmed: false,
    hasProgress: false,
  };
}

export function newCheckpoint(
  { clock, random, trigger, lease }: Pick<Run, "clock" | "random" | "trigger" | "lease">,
  fingerprint: string,
): Checkpoint {
  const now = clock.now();
  const noise = Math.floor(random() * 36 ** 4).toString(36);
  return {
    // The generation alone makes it unique; the rest is for human readers.
    runId: `${now.toString(36)}-${lease.generation.toString(36)}-${noise}`,
    trigger,
    startedAt: now,
    updatedAt: now,
    base: lease.head.version,
    fingerprint,
    scan: 1,
    pagesBefore: 0,
    ...newScan(now),
  };
}
