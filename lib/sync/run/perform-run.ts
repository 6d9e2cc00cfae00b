import { recordVersion } from "../snapshot/change-log.ts";
import { readBase } from "./base.ts";
import { type Checkpoint, countStaged } from "./checkpoint.ts";
import { commit, isCommitted } from "./commit-run.ts";
import { confirmRemovals } from "./confirm-removals.ts";
import { endEarly, finish } from "./end-run.ts";
import { judge } from "./judge.ts";
import { newCheckpoint } from "./new-run.ts";
import type { Run, RunStale, SyncOutcome } from "./run.ts";
import { scan } from "./scan.ts";
import { RUN_LIFETIME_MS } from "./staged-pages.ts";

/** The work of the lease holder. @throws LeaseLost, StorageUnavailable */
export async function performRun(run: Run): Promise<SyncOutcome> {
  try {
    await recordVersion(run.records, run.accountId, run.lease.head);
    // The former holder died after setting the head.
    if (isCommitted(run)) return await finish(run);
    await begin(run);
    await scan(run);
    await judge(run);
    await confirmRemovals(run);
    await commit(run);
    return await finish(run);
  } catch (error) {
    return await endEarly(run, error);
  }
}

/** Resumes the checkpoint that was found, or starts over when it is stale. */
async function begin(run: Run): Promise<void> {
  const { records, accountId, lease, onEvent } = run;
  const { found } = lease;
  const fingerprint = await run.fingerprint(run.deadline);
  const stale = found && whyStale(run, found, fingerprint);
  if (found !== undefined && stale === undefined) {
    onEvent({ type: "resumed", runId: found.runId, pagesDone: countStaged(found.pages) });
  } else {
    if (stale !== undefined) onEvent({ type: "started_over", runId: run.checkpoint.runId, reason: stale });
    run.checkpoint = newCheckpoint(run, fingerprint);
  }
  run.base = await readBase(records, accountId, lease.head);
}

function whyStale(
  { lease, clock }: Run,
  { base, startedAt, fingerprint: seenWith }: Checkpoint,
  fingerprint: string,
): RunStale["reason"] | undefined {
  if (base !== lease.head.version) return "overtaken";
  if (clock.now() - startedAt > RUN_LIFETIME_MS) return "too_old";
  return seenWith === fingerprint ? undefined : "fingerprint";
}
