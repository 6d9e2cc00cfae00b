import type { PhoneNumber } from "../../contract/company-numbers.ts";
import { recordVersion, writeChanges } from "../snapshot/change-log.ts";
import { type Difference, differences } from "../snapshot/number-changes.ts";
import { inOrder } from "../snapshot/number-chunks.ts";
import { type Manifest, writeSnapshot } from "../snapshot/snapshot-store.ts";
import type { RunContext } from "./run-context.ts";
import type { Checkpoint } from "./run-lease.ts";

export interface Commit {
  base: ReadonlyMap<string, PhoneNumber>;
  manifest: Manifest | undefined;
  /** The account's numbers, all of them. */
  numbers: ReadonlyMap<string, PhoneNumber>;
}

/**
 * Makes the numbers the account's next version, or, when they are those of the last, notes that it still holds. All is
 * written before the one compare-and-set of the head that shows it. A crash anywhere costs a repetition, by whoever
 * goes on: what it writes is the same, under the same keys.
 * @throws LeaseLost, StorageUnavailable
 */
export async function commitRun(run: RunContext, from: Checkpoint, commit: Commit): Promise<Checkpoint> {
  const { lease, records, accountId } = run;
  const { head } = lease;
  const { runId, fingerprint } = from;
  const found = differences(commit.base, commit.numbers);
  const checkpoint = await decided(run, from, found, commit.numbers.size);
  const checkedAt = Math.max(head.checkedAt, checkpoint.sweepStartedAt);
  const isFirst = head.latest === undefined;
  if (found.length === 0 && !isFirst) {
    await lease.setHead({ checkedAt, fingerprint });
    return checkpoint;
  }
  const version = head.version + 1;
  const changes = isFirst ? [] : found;
  const before = head.latest &&
    commit.manifest && { ...commit.manifest, version: head.version, runId: head.latest.runId };
  const at = checkpoint.result?.decidedAt ?? run.clock.now();
  const firstSequence = head.sequence + 1;
  await writeSnapshot(records, accountId, {
    runId,
    version,
    sorted: inOrder(commit.numbers.values()),
    before,
  });
  await writeChanges(records, accountId, { runId, differences: changes, firstSequence, at });
  await lease.setHead({
    version,
    sequence: head.sequence + changes.length,
    total: commit.numbers.size,
    checkedAt,
    fingerprint,
    latest: { runId, committedAt: run.clock.now(), firstSequence, changes: changes.length },
  });
  await recordVersion(records, accountId, lease.head);
  return checkpoint;
}

/** The instant that the changes will carry is settled once, so that a repetition writes the same. */
async function decided(
  { lease, clock, onProgress }: RunContext,
  checkpoint: Checkpoint,
  found: readonly Difference[],
  total: number,
): Promise<Checkpoint> {
  if (checkpoint.result !== undefined) return checkpoint;
  const count = (wanted: Difference["type"]) => found.filter(({ type }) => type === wanted).length;
  const result = {
    decidedAt: clock.now(),
    total,
    added: count("added"),
    updated: count("updated"),
    removed: count("removed"),
  };
  const settled = { ...checkpoint, result };
  // With nothing to write there is nothing to repeat.
  if (found.length > 0) {
    await lease.save(settled);
    onProgress(settled);
  }
  return settled;
}
