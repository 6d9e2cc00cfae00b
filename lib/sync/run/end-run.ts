import type { SyncRun } from "../../contract/sync.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import { collectVersions } from "../snapshot/collect-versions.ts";
import { MAX_SKEW_MS } from "../sync-records.ts";
import { newRun } from "./new-run.ts";
import { type QuarantineReason, SECOND_LOOK_MS, setQuarantine } from "./quarantine.ts";
import { Interrupted, RunStale } from "./run-context.ts";
import { recordRun } from "./run-history.ts";
import { type Checkpoint, countStaged, LeaseLost, type RunLease } from "./run-lease.ts";
import { problemOf } from "./run-problem.ts";
import type { SyncDeps, SyncOutcome, SyncRequest } from "./run-sync.ts";
import { ListUnsteady } from "./scan.ts";

/** Without a word from RingCentral on when to come back. */
const RATE_LIMITED_MS = 30_000;
/** Failures that time may mend are waited out, longer each time, so often in a row. */
const MAX_TROUBLE = 5;
const TROUBLE_MS = 15_000;
/** What must be left to begin a collection, which may as well be done by the next run. */
const ROOM_MS = 5_000;

/** Of a run whose head is set: what remains does not matter to what is seen, and may be left to others. */
export async function end(
  deps: SyncDeps,
  request: SyncRequest,
  lease: RunLease,
  checkpoint: Checkpoint,
  state: "committed" | "unchanged",
): Promise<SyncOutcome> {
  const { records, clock, onEvent } = deps;
  const { accountId, deadline } = request;
  const { version, sequence } = lease.head;
  const { added = 0, updated = 0, removed = 0, total } = checkpoint.result ?? {};
  if (state === "committed") {
    onEvent({ type: "committed", runId: checkpoint.runId, version, added, updated, removed });
  }
  await recordRun(records, accountId, {
    ...entryOf(checkpoint, clock.now()),
    state,
    ...(total !== undefined && { numbers: total }),
    version,
    added,
    updated,
    removed,
  });
  if (deadline.remainingMs() > ROOM_MS) {
    const collected = await collectVersions(records, accountId, lease.head, clock.now());
    if (collected !== undefined) onEvent({ type: "collected", ...collected });
  }
  await lease.release().catch(ignoreLost);
  return { state, version, sequence, added, updated, removed, pages: pagesOf(checkpoint) };
}

export async function endQuarantined(
  deps: SyncDeps,
  request: SyncRequest,
  lease: RunLease,
  checkpoint: Checkpoint,
  reason: QuarantineReason,
  missing: readonly string[],
): Promise<SyncOutcome> {
  const { records, clock, onEvent } = deps;
  const { accountId } = request;
  const now = clock.now();
  const { removed } = await setQuarantine(records, accountId, { reason, missing, now });
  onEvent({ type: "quarantined", runId: checkpoint.runId, reason, removed });
  await recordRun(records, accountId, {
    ...entryOf(checkpoint, now),
    state: "quarantined",
    numbers: checkpoint.numbersSeen,
    removed,
  });
  await lease.release();
  return {
    state: "quarantined",
    removed,
    pages: pagesOf(checkpoint),
    // Only a shrink can be settled by a second look. It has to begin late enough by any clock; and when it finds
    // something else, the next look is the schedule's: looks that ask for looks would become ever more.
    ...(reason === "shrink" &&
      checkpoint.trigger !== "continuation" && { continueAfterMs: SECOND_LOOK_MS + 3 * MAX_SKEW_MS }),
  };
}

/** @throws what is not for a run to end on */
export async function endFailed(
  deps: SyncDeps,
  request: SyncRequest,
  lease: RunLease,
  checkpoint: Checkpoint | undefined,
  error: unknown,
): Promise<SyncOutcome> {
  const { records, clock, onEvent } = deps;
  if (error instanceof Interrupted) return continues(lease, checkpoint, error.continueAfterMs);
  if (error instanceof RunStale) {
    onEvent({ type: "started_over", runId: checkpoint?.runId ?? "", reason: error.reason });
    return continues(lease, undefined, 0);
  }
  if (error instanceof LeaseLost || error instanceof StorageUnavailable) throw error;
  if (!(error instanceof RingCentralError || error instanceof ListUnsteady)) {
    await lease.release(checkpoint).catch(() => {});
    throw error;
  }
  const wait = waitFor(error, checkpoint);
  if (wait !== undefined) return continues(lease, wait.checkpoint, wait.ms);
  const problem = problemOf(error, clock.now());
  const failed = checkpoint ?? newRun(deps, request, lease, "");
  await recordRun(records, request.accountId, {
    ...entryOf(failed, clock.now()),
    state: "failed",
    numbers: failed.numbersSeen,
    problem,
  });
  // What was read holds if time mends the cause; a list that does not hold still is read anew.
  const isKept = error instanceof RingCentralError && problem.retryable && countStaged(failed.pages) > 0;
  await lease.release(isKept ? { ...failed, trouble: 0 } : undefined);
  return { state: "failed", problem, pages: pagesOf(failed) };
}

/** How long to wait before the same is tried again; undefined when that is of no use. */
function waitFor(
  error: RingCentralError | ListUnsteady,
  checkpoint: Checkpoint | undefined,
): { ms: number; checkpoint: Checkpoint | undefined } | undefined {
  if (!(error instanceof RingCentralError)) return undefined;
  const { kind, retryAfterMs, deadlineExceeded } = error.failure;
  if (kind === "rate_limited") return { ms: retryAfterMs ?? RATE_LIMITED_MS, checkpoint };
  if (!error.isTransient || checkpoint === undefined || checkpoint.trouble >= MAX_TROUBLE) return undefined;
  const trouble = checkpoint.trouble + 1;
  const ms = deadlineExceeded === true ? 0 : TROUBLE_MS * 2 ** checkpoint.trouble;
  return { ms: Math.max(ms, retryAfterMs ?? 0), checkpoint: { ...checkpoint, trouble } };
}

async function continues(
  lease: RunLease,
  checkpoint: Checkpoint | undefined,
  continueAfterMs: number,
): Promise<SyncOutcome> {
  await lease.release(checkpoint);
  return { state: "continues", continueAfterMs, ...(checkpoint && { pages: pagesOf(checkpoint) }) };
}

function entryOf(
  checkpoint: Checkpoint,
  now: number,
): Pick<SyncRun, "id" | "trigger" | "startedAt" | "endedAt" | "pages"> {
  const { runId, trigger, startedAt } = checkpoint;
  return {
    id: runId,
    trigger,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(now).toISOString(),
    pages: pagesOf(checkpoint),
  };
}

/** Those of sweeps given up included. */
const pagesOf = ({ pages, pagesBefore }: Checkpoint) => countStaged(pages) + pagesBefore;

function ignoreLost(error: unknown): void {
  if (!(error instanceof LeaseLost)) throw error;
}
