import type { SyncRun } from "../../contract/sync.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import { deleteOldVersions } from "../snapshot/delete-old-versions.ts";
import { MAX_SKEW_MS } from "../snapshot/sync-records.ts";
import { type Checkpoint, countStaged, pagesOf } from "./checkpoint.ts";
import { isCommitted } from "./commit-run.ts";
import { RECHECK_MS } from "./judge.ts";
import { setQuarantine } from "./quarantine.ts";
import { Interrupted, Quarantined, type Run, RunStale, type SyncOutcome } from "./run.ts";
import { recordRun } from "./run-history.ts";
import { LeaseLost } from "./run-lease.ts";
import { isRunFailure, problemOf, type RunFailure } from "./run-problem.ts";
import { ListUnreadable } from "./scan.ts";

/** Wait after a refusal that does not say how long. */
const REFUSED_MS = 30_000;
/** Transient failures in a row that a run waits out, each twice as long as the one before. */
const MAX_TROUBLE = 5;
const TROUBLE_MS = 15_000;
/** Time left to begin the deletion of old versions; without it the next run deletes them. */
const MIN_DELETION_MS = 5_000;

/** Ends a run that is already visible. History and clean-up may fail: a later run repeats them. */
export async function finish(run: Run): Promise<SyncOutcome> {
  const { records, accountId, lease, checkpoint, clock, onEvent } = run;
  const { version, sequence } = lease.head;
  const { result: { total, added = 0, updated = 0, removed = 0 } = {}, hasMoved, miscount = 0 } = checkpoint;
  const state = isCommitted(run) ? "committed" : "unchanged";
  const counts = { version, added, updated, removed };
  if (state === "committed") onEvent({ type: "committed", runId: checkpoint.runId, ...counts });
  const listChanged = hasMoved ? true : undefined;
  await record(run, { state, numbers: total, ...counts, listChanged, miscount: miscount || undefined });
  if (run.deadline.remainingMs() > MIN_DELETION_MS) {
    const deleted = await deleteOldVersions(records, accountId, lease.head, clock.now());
    if (deleted !== undefined) onEvent({ type: "collected", ...deleted });
  }
  await lease.release().catch(ignoreLost);
  return { state, ...counts, sequence, pages: pagesOf(checkpoint) };
}

/** Ends a run that does not commit. @throws an error that the caller's queue has to retry */
export async function endEarly(run: Run, error: unknown): Promise<SyncOutcome> {
  if (error instanceof Interrupted && run.hasProgress) return pause(run, resumable(run), 0);
  if (error instanceof RunStale) {
    run.onEvent({ type: "started_over", runId: run.checkpoint.runId, reason: error.reason });
    return pause(run, undefined, run.hasProgress ? 0 : TROUBLE_MS);
  }
  if (error instanceof Quarantined) return endQuarantined(run, error);
  if (isRunFailure(error)) return waitOrFail(run, error);
  if (!(error instanceof LeaseLost || error instanceof StorageUnavailable)) {
    await run.lease.release(resumable(run)).catch(() => {});
  }
  throw error;
}

/** Releases the lease; the next message resumes the checkpoint. */
async function pause(run: Run, kept: Checkpoint | undefined, continueAfterMs: number): Promise<SyncOutcome> {
  await run.lease.release(kept);
  return { state: "continues", continueAfterMs, ...(kept && { pages: pagesOf(kept) }) };
}

/** Undefined before the run has begun: there is nothing to resume yet. */
const resumable = ({ checkpoint }: Run) => (checkpoint.fingerprint === "" ? undefined : checkpoint);

async function endQuarantined(run: Run, { reason }: Quarantined): Promise<SyncOutcome> {
  const { accountId, checkpoint, missing, lease } = run;
  const removed = missing.length;
  const { generation, head } = lease;
  const found = { reason, missing, now: run.clock.now(), generation, head };
  const wantsRecheck = await setQuarantine(run, accountId, found);
  run.onEvent({ type: "quarantined", runId: checkpoint.runId, reason, removed });
  await record(run, { state: "quarantined", numbers: checkpoint.numbersSeen, removed });
  await lease.release();
  // The re-check has to begin late enough by any clock. When it finds other numbers, the schedule does the next.
  return {
    state: "quarantined",
    removed,
    pages: pagesOf(checkpoint),
    ...(wantsRecheck && { continueAfterMs: RECHECK_MS + 3 * MAX_SKEW_MS }),
  };
}

async function waitOrFail(run: Run, error: RunFailure): Promise<SyncOutcome> {
  const wait = waitFor(run, error);
  if (wait !== undefined) return pause(run, wait.kept, wait.ms);
  const { checkpoint } = run;
  const problem = problemOf(run, error);
  await record(run, { state: "failed", numbers: checkpoint.numbersSeen, problem });
  // Pages stay valid when the cause may pass; a list that could not be read to its end is read from its beginning.
  const isKept = !(error instanceof ListUnreadable) && problem.retryable && countStaged(checkpoint.pages) > 0;
  await run.lease.release(isKept ? { ...checkpoint, trouble: 0 } : undefined);
  return { state: "failed", problem, pages: pagesOf(checkpoint) };
}

/** @returns how long to wait before a retry, or undefined when the run fails */
function waitFor(run: Run, error: RunFailure): { ms: number; kept: Checkpoint | undefined } | undefined {
  if (error instanceof ListUnreadable) return undefined;
  const kept = resumable(run);
  const { kind, retryAfterMs = 0, deadlineExceeded } = error instanceof RingCentralError ? error.failure : {};
  const isRefused = kind === "rate_limited" || kind === "storage";
  const toldMs = retryAfterMs || (isRefused ? REFUSED_MS : 0);
  if (isRefused && run.hasProgress) return { ms: toldMs, kept };
  const mayPass = !(error instanceof RingCentralError) || error.isTransient;
  if (!mayPass || kept === undefined || kept.trouble >= MAX_TROUBLE) return undefined;
  // A slice that has saved nothing would save nothing again if it were repeated at once.
  const ms = deadlineExceeded === true && run.hasProgress ? 0 : TROUBLE_MS * 2 ** kept.trouble;
  return { ms: Math.max(ms, toldMs), kept: { ...kept, trouble: kept.trouble + 1 } };
}

type RunResult = {
  [Key in Exclude<keyof SyncRun, "id" | "trigger" | "startedAt" | "endedAt" | "pages">]?:
    | SyncRun[Key]
    | undefined;
} & Pick<SyncRun, "state">;

async function record(
  { records, clock, random, accountId, checkpoint }: Run,
  result: RunResult,
): Promise<void> {
  const { runId, trigger, startedAt } = checkpoint;
  await recordRun(
    { records, clock, random },
    accountId,
    omitUndefined({
      id: runId,
      trigger,
      startedAt: new Date(startedAt).toISOString(),
      endedAt: new Date(clock.now()).toISOString(),
      pages: pagesOf(checkpoint),
      ...result,
    }),
  );
}

function ignoreLost(error: unknown): void {
  if (!(error instanceof LeaseLost)) throw error;
}
