import { retryingRecords } from "../../storage/retrying-records.ts";
import { newRun } from "./new-run.ts";
import { performRun } from "./perform-run.ts";
import type { SyncDeps, SyncOutcome, SyncRequest } from "./run.ts";
import { LeaseLost, takeLease } from "./run-lease.ts";

/** Wait after losing the lease: another process is syncing the account. */
const BUSY_MS = 30_000;

/**
 * Brings an account's snapshot up to date, or as far as the deadline and RingCentral's budget allow. One process at a
 * time holds an account's lease. Each step is saved, so that the next holder resumes there; one compare-and-set makes
 * the whole result visible.
 * @throws StorageUnavailable: call again; the lease of such a run expires
 */
export async function runSync(deps: SyncDeps, request: SyncRequest): Promise<SyncOutcome> {
  const records = retryingRecords(deps.records, deps.clock, request.deadline);
  const taken = await takeLease({ ...deps, records }, request.accountId);
  if ("busyForMs" in taken) return { state: "busy", continueAfterMs: taken.busyForMs };
  try {
    return await performRun(newRun({ ...deps, records }, request, taken.lease));
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error;
    deps.onEvent({ type: "fenced_off", runId: taken.lease.found?.runId ?? "" });
    return { state: "busy", continueAfterMs: BUSY_MS };
  }
}
