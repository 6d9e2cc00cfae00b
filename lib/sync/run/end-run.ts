import { type ProblemCode, problems } from "../../contract/problems.ts";
import type { SyncProblem, SyncRun } from "../../contract/sync.ts";
import { SecretUnavailableError } from "../../platform/credentials.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import { deleteOldVersions } from "../snapshot/snapshot-store.ts";
import { type Checkpoint, MAX_RETRIES } from "./checkpoint.ts";
import { isCommitted } from "./commit-run.ts";
import { RECHECK_MS } from "./judge.ts";
import { Quarantined, setQuarantine } from "./quarantine.ts";
import { Interrupted, type Run, RunError, RunStale, type SyncOutcome } from "./run.ts";
import { recordRun } from "./run-history.ts";
import { LeaseLost, MAX_SKEW_MS } from "./run-lease.ts";
import { ListUnreadable } from "./scan.ts";

/** Wait after a call got no permit and no time was stated. */
const NO_PERMIT_MS = 30_000;
/** Wait after the first transient failure; each further one in a row doubles it. */
const FIRST_BACKOFF_MS = 15_000;
/** Time left to begin the deletion of old versions; without it the next run deletes them. */
const MIN_DELETION_MS = 5_000;

/** Ends a run that is already visible. History and clean-up may fail: a later run repeats them. */
export async function finish(run: Run): Promise<SyncOutcome> {
  const { records, lease, checkpoint, clock, onEvent } = run;
  const { version, sequence, total } = lease.head;
  const { result: { added = 0, updated = 0, removed = 0 } = {}, hasMoved, miscount = 0 } = checkpoint;
  const state = isCommitted(run) ? "committed" : "unchanged";
  const counts = { version, added, updated, removed };
  if (state === "committed") onEvent({ type: "committed", runId: checkpoint.runId, ...counts });
  const oddities = { ...(hasMoved && { listChanged: true }), ...(miscount !== 0 && { miscount }) };
  await record(run, { state, numbers: total, ...counts, ...oddities });
  if (run.deadline.remainingMs() > MIN_DELETION_MS) {
    const deleted = await deleteOldVersions(records, lease.head, clock.now());
    if (deleted !== undefined) onEvent({ type: "collected", ...deleted });
  }
  await lease.release().catch((error: unknown) => {
    if (!(error instanceof LeaseLost)) throw error;
  });
  return { state, ...counts, sequence, pages: checkpoint.pagesRead };
}

/** Ends a run that does not commit. @throws an error that the caller's queue has to retry */
export async function endEarly(run: Run, error: unknown): Promise<SyncOutcome> {
  if (error instanceof Quarantined) return endQuarantined(run, error);
  if (isRunFailure(error)) return waitOrFail(run, error);
  if (!(error instanceof LeaseLost || error instanceof StorageUnavailable)) {
    await run.lease.release(resumable(run)).catch(() => {});
  }
  throw error;
}

/** Undefined before the run has begun: there is nothing to resume yet. */
const resumable = ({ checkpoint }: Run) => (checkpoint.fingerprint === "" ? undefined : checkpoint);

async function endQuarantined(run: Run, error: Quarantined): Promise<SyncOutcome> {
  const { checkpoint, missing, lease } = run;
  const { reason, wantsRecheck } = error;
  const removed = missing.length;
  const foundAt = run.clock.now();
  // Queued first: a quarantine that names a re-check has one, even if this process dies between the two. The re-check
  // has to begin late enough by any clock. When it finds other numbers, the schedule does the next.
  if (wantsRecheck) await run.queueRecheck(RECHECK_MS + 3 * MAX_SKEW_MS);
  await setQuarantine(run, error, foundAt);
  run.onEvent({ type: "quarantined", runId: checkpoint.runId, reason, removed });
  await record(run, { state: "quarantined", numbers: checkpoint.numbersSeen, removed });
  await lease.release();
  return { state: "quarantined", removed, pages: checkpoint.pagesRead };
}

/** What ends a run as failed, unless it is waited out. */
type RunFailure = RunError | RingCentralError | SecretUnavailableError;

const isRunFailure = (error: unknown): error is RunFailure =>
  [RunError, RingCentralError, SecretUnavailableError].some((kind) => error instanceof kind);

async function waitOrFail(run: Run, error: RunFailure): Promise<SyncOutcome> {
  const { checkpoint, lease } = run;
  const pages = checkpoint.pagesRead;
  const wait = waitFor(run, error);
  if (wait !== undefined) {
    await lease.release(wait.kept, wait.ms);
    return { state: "continues", continueAfterMs: wait.ms, pages };
  }
  const problem = problemOf(run, error);
  await record(run, { state: "failed", numbers: checkpoint.numbersSeen, problem });
  // Pages stay valid when the cause may pass; a list that could not be read to its end is read from its beginning.
  const isUsable = !(error instanceof ListUnreadable || error instanceof RunStale);
  const isKept = isUsable && problem.retryable && checkpoint.pages.length > 0;
  await lease.release(isKept ? { ...checkpoint, failuresInARow: 0 } : undefined);
  const { failuresInARow, restarts } = checkpoint;
  const hasWaited = failuresInARow >= MAX_RETRIES || restarts > MAX_RETRIES;
  return { state: "failed", problem, pages, ...(hasWaited && { hasWaited }) };
}

/** @returns the checkpoint to resume and how long to wait, or undefined when the run fails */
function waitFor(run: Run, error: RunFailure): { ms: number; kept: Checkpoint } | undefined {
  const { hasProgress } = run;
  const kept = resumable(run);
  if (kept === undefined || error instanceof ListUnreadable) return undefined;
  if (error instanceof Interrupted && hasProgress) return { ms: 0, kept };
  if (error instanceof RunStale) {
    if (kept.restarts > MAX_RETRIES) return undefined;
    const ms =
      hasProgress && kept.restarts === 0 ? 0 : FIRST_BACKOFF_MS * 2 ** Math.max(0, kept.restarts - 1);
    return { ms, kept: { ...kept, stale: error.reason } };
  }
  const { kind, retryAfterMs = 0, deadlineExceeded } = error instanceof RingCentralError ? error.failure : {};
  const hasNoPermit = kind === "rate_limited" || kind === "storage";
  const statedMs = retryAfterMs || (hasNoPermit ? NO_PERMIT_MS : 0);
  if (hasNoPermit && hasProgress) return { ms: statedMs, kept };
  const mayPass = !(error instanceof RingCentralError) || error.isTransient;
  if (!mayPass || kept.failuresInARow >= MAX_RETRIES) return undefined;
  // A slice that has saved nothing would save nothing again if it were repeated at once.
  const ms = deadlineExceeded === true && hasProgress ? 0 : FIRST_BACKOFF_MS * 2 ** kept.failuresInARow;
  return { ms: Math.max(ms, statedMs), kept: { ...kept, failuresInARow: kept.failuresInARow + 1 } };
}

/** Why a run failed, for the sync's status. */
function problemOf(run: Run, error: RunFailure): SyncProblem {
  const { code, detail } = describe(run, error);
  const { title, retryable } = problems[code];
  return { code, title, detail, retryable, at: iso(run.clock.now()) };
}

function describe(run: Run, error: RunFailure): { code: ProblemCode; detail: string } {
  if (error instanceof RunError) return { code: error.code, detail: error.message };
  if (error instanceof SecretUnavailableError) {
    return { code: "credentials_unavailable", detail: "RingCentral's credentials could not be read." };
  }
  const { operation, kind, status, errorCode } = error.failure;
  const what = [status, errorCode].filter((part) => part !== undefined).join(" ");
  const { code } = run.problemOf(error);
  // No caller sent the parameter that RingCentral rejected.
  const ownCode = code === "parameter_invalid" ? "upstream_error" : code;
  return { code: ownCode, detail: `${operation}: ${what || kind}.` };
}

function record(run: Run, result: Pick<SyncRun, "state"> & Partial<SyncRun>): Promise<void> {
  const { runId: id, trigger, startedAt, pagesRead: pages } = run.checkpoint;
  const times = { startedAt: iso(startedAt), endedAt: iso(run.clock.now()) };
  return recordRun(run, { id, trigger, ...times, pages, ...result });
}

const iso = (at: number) => new Date(at).toISOString();
