import { omitUndefined } from "../../platform/omit-undefined.ts";
import { writeChanges } from "../snapshot/change-log.ts";
import { recordVersion } from "../snapshot/head.ts";
import { type Difference, differences } from "../snapshot/number-changes.ts";
import { writeSnapshot } from "../snapshot/snapshot-store.ts";
import { Interrupted, type Run, RunStale, saveProgress } from "./run.ts";

/** Time left to begin a commit. A commit is quick, and a crash in it costs a repetition. */
const MIN_COMMIT_MS = 5_000;

/** The head shows what this run wrote. */
export const isCommitted = ({ checkpoint, lease }: Run) => checkpoint.runId === lease.head.latest?.runId;

/**
 * Makes the numbers the account's next version; when nothing has changed, records that the current version still holds.
 * Everything is written before the one compare-and-set of the head that shows it. After a crash, the next holder
 * repeats the commit: it writes the same values under the same keys.
 */
export async function commit(run: Run): Promise<void> {
  const { lease, records, base, numbers } = run;
  const { runId, fingerprint, miscount, scanStartedAt } = run.checkpoint;
  const { head } = lease;
  if (run.deadline.remainingMs() < MIN_COMMIT_MS) throw new Interrupted();
  // Pages read with different permissions do not make one view.
  if ((await run.fingerprint(run.deadline)) !== fingerprint) throw new RunStale("fingerprint");
  const found = differences(base.numbers, numbers);
  const checkedAt = Math.max(head.checkedAt, scanStartedAt);
  const checked = { checkedAt, checkedBy: lease.generation, fingerprint, ...omitUndefined({ miscount }) };
  const isFirst = head.latest === undefined;
  if (found.length === 0 && !isFirst) return lease.setHead(checked);
  const at = await decide(run, found);
  const changes = isFirst ? [] : found;
  await writeSnapshot(records, head, { runId, numbers: numbers.values(), before: base.manifest });
  await writeChanges(records, { runId, differences: changes, firstSequence: head.sequence + 1, at });
  await lease.setHead({
    version: head.version + 1,
    sequence: head.sequence + changes.length,
    total: numbers.size,
    ...checked,
    latest: {
      runId,
      committedAt: run.clock.now(),
      changes: changes.length,
      ...omitUndefined({ follows: head.latest?.committedAt }),
    },
  });
  await recordVersion(records, lease.head);
}

/** Settles the instant that the changes carry once, so that a repeated commit writes the same. */
async function decide(run: Run, found: readonly Difference[]): Promise<number> {
  const { checkpoint, clock } = run;
  if (checkpoint.result !== undefined) return checkpoint.result.decidedAt;
  const count = (wanted: Difference["type"]) => found.filter(({ type }) => type === wanted).length;
  const counts = { added: count("added"), updated: count("updated"), removed: count("removed") };
  const result = { decidedAt: clock.now(), ...counts };
  await saveProgress(run, { ...checkpoint, result });
  return result.decidedAt;
}
