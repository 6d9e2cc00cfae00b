import { type ProblemCode, problems } from "../../contract/problems.ts";
import type { SyncProblem, SyncRun } from "../../contract/sync.ts";
import { SecretUnavailableError } from "../../platform/credentials.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import { deleteOldVersions } from "../snapshot/delete-old-versions.ts";
import { type Checkpoint, MAX_TROUBLE } from "./checkpoint.ts";
import { isCommitted } from "./commit-run.ts";
import { RECHECK_MS } from "./judge.ts";
import { Quarantined, setQuarantine } from "./quarantine.ts";
import { Interrupted, type Run, RunStale, type SyncOutcome } from "./run.ts";
import { recordRun } from "./run-history.ts";
import { LeaseLost, MAX_SKEW_MS } from "./run-lease.ts";
import { ListUnreadable } from "./scan.ts";

/** Wait after a refusal that does not say how long. */
const REFUSED_MS = 30_000;
/** Wait after the first transient failure; each further one in a row doubles it. */
const TROUBLE_MS = 15_000;
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
  if (error instanceof Interrupted && run.hasProgress) return pause(run, resumable(run), 0);
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
  return { state: "continues", continueAfterMs, ...(kept && { pages: kept.pagesRead }) };
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
type RunFailure = RingCentralError | SecretUnavailableError | ListUnreadable | Interrupted | RunStale;

const isRunFailure = (error: unknown): error is RunFailure =>
  [RingCentralError, SecretUnavailableError, ListUnreadable, Interrupted, RunStale].some(
    (kind) => error instanceof kind,
  );

async function waitOrFail(run: Run, error: RunFailure): Promise<SyncOutcome> {
  const wait = waitFor(run, error);
  if (wait !== undefined) return pause(run, wait.kept, wait.ms);
  const { checkpoint } = run;
  const problem = problemOf(run, error);
  await record(run, { state: "failed", numbers: checkpoint.numbersSeen, problem });
  // Pages stay valid when the cause may pass; a list that could not be read to its end is read from its beginning.
  const isUsable = !(error instanceof ListUnreadable || error instanceof RunStale);
  const isKept = isUsable && problem.retryable && checkpoint.pages.length > 0;
  await run.lease.release(isKept ? { ...checkpoint, trouble: 0 } : undefined);
  return { state: "failed", problem, pages: checkpoint.pagesRead };
}

/** @returns how long to wait before a retry, or undefined when the run fails */
function waitFor(run: Run, error: RunFailure): { ms: number; kept: Checkpoint | undefined } | undefined {
  const { hasProgress, checkpoint } = run;
  if (error instanceof ListUnreadable) return undefined;
  if (error instanceof RunStale) {
    const { restarts } = checkpoint;
    if (restarts > MAX_TROUBLE) return undefined;
    const ms = hasProgress && restarts === 0 ? 0 : TROUBLE_MS * 2 ** Math.max(0, restarts - 1);
    return { ms, kept: { ...checkpoint, stale: error.reason } };
  }
  const kept = resumable(run);
  const { kind, retryAfterMs = 0, deadlineExceeded } = error instanceof RingCentralError ? error.failure : {};
  const isRefused = kind === "rate_limited" || kind === "storage";
  const toldMs = retryAfterMs || (isRefused ? REFUSED_MS : 0);
  if (isRefused && hasProgress) return { ms: toldMs, kept };
  const mayPass = !(error instanceof RingCentralError) || error.isTransient;
  if (!mayPass || kept === undefined || kept.trouble >= MAX_TROUBLE) return undefined;
  // A slice that has saved nothing would save nothing again if it were repeated at once.
  const ms = deadlineExceeded === true && hasProgress ? 0 : TROUBLE_MS * 2 ** kept.trouble;
  return { ms: Math.max(ms, toldMs), kept: { ...kept, trouble: kept.trouble + 1 } };
}

/** Why a run failed, for the sync's status. */
function problemOf(run: Run, error: RunFailure): SyncProblem {
  const { code, detail } = describe(run, error);
  const { title, retryable } = problems[code];
  return { code, title, detail, retryable, at: new Date(run.clock.now()).toISOString() };
}

function describe(run: Run, error: RunFailure): { code: ProblemCode; detail: string } {
  if (error instanceof Interrupted)
    return { code: "internal", detail: "No invocation had time for one call." };
  if (error instanceof RunStale)
    return { code: "internal", detail: `The sync had to start over too often: ${error.reason}.` };
  if (error instanceof SecretUnavailableError) {
    return { code: "credentials_unavailable", detail: "RingCentral's credentials could not be read." };
  }
  if (error instanceof ListUnreadable) {
    const detail = "RingCentral's list of numbers could not be read to its end.";
    return { code: "upstream_error", detail };
  }
  const { operation, kind, status, errorCode } = error.failure;
  const { code } = run.problemOf(error);
  const what = [status, errorCode].filter((part) => part !== undefined).join(" ");
  return {
    // No caller sent the parameter that RingCentral rejected.
    code: code === "parameter_invalid" ? "upstream_error" : code,
    detail: `${operation}: ${what || kind}.`,
  };
}

function record(run: Run, result: Pick<SyncRun, "state"> & Partial<SyncRun>): Promise<void> {
  const { runId: id, trigger, startedAt, pagesRead: pages } = run.checkpoint;
  const iso = (at: number) => new Date(at).toISOString();
  return recordRun(run, {
    ...{ id, trigger, startedAt: iso(startedAt), endedAt: iso(run.clock.now()), pages },
    ...result,
  });
}
