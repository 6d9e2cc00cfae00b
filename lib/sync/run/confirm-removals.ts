import { readCompressed, writeOnce } from "../snapshot/compressed-records.ts";
import { ITERATION_LIFETIME_MS, stageKey } from "../snapshot/sync-records.ts";
import { countStaged, holders, withStaged } from "./checkpoint.ts";
import { LOOKUP_BATCH, type Lookup, lookUpNumbers } from "./number-lookup.ts";
import { callContext, Quarantined, type Run, RunStale, saveProgress } from "./run.ts";

/**
 * Looks up each missing number by its id: a list of steady size can hide a number when one before the reading position
 * goes and one behind it comes. Each batch is saved before the next is looked up.
 * @throws Quarantined, Interrupted, RunStale, LeaseLost, RingCentralError, StorageUnavailable
 */
export async function confirmRemovals(run: Run): Promise<void> {
  const { missing, isConfirmed, lease } = run;
  const lookups = await readStaged(run);
  const isForbidden = () => !isConfirmed && lookups.some(({ is }) => is === "forbidden");
  // One forbidden look-up is enough to end the run.
  while (lookups.length < missing.length && !isForbidden()) {
    const ids = missing.slice(lookups.length, lookups.length + LOOKUP_BATCH);
    const batch = await lookUpNumbers(run.ringcentral, ids, () => callContext(run));
    const staged = run.checkpoint.lookups;
    const key = lookupKey(run, countStaged(staged), lease.generation);
    await writeOnce(run.records, key, batch, { expiresAt: run.clock.now() + ITERATION_LIFETIME_MS });
    lookups.push(...batch);
    await saveProgress(run, {
      ...run.checkpoint,
      lookups: withStaged(staged, lease.generation),
      trouble: 0,
    });
  }
  if (isForbidden()) throw new Quarantined("permissions");
  keep(run, lookups);
}

/** Adds the numbers that exist although the scan did not show them. */
function keep({ base, numbers, checkpoint, onEvent }: Run, lookups: readonly Lookup[]): void {
  const kept = lookups.flatMap((lookup) => {
    if (lookup.is === "there") return [lookup.phoneNumber];
    const before = lookup.is === "unproved" ? base.numbers[base.places.get(lookup.id) ?? -1] : undefined;
    return before === undefined ? [] : [before];
  });
  if (kept.length === 0) return;
  onEvent({ type: "missed_by_scan", runId: checkpoint.runId, count: kept.length });
  for (const number of kept) numbers.set(number.id, number);
}

async function readStaged(run: Run): Promise<Lookup[]> {
  const lookups: Lookup[] = [];
  for (const [batch, generation] of holders(run.checkpoint.lookups).entries()) {
    const found = await readCompressed<Lookup[]>(run.records, lookupKey(run, batch, generation));
    if (found === undefined) throw new RunStale("stage_lost");
    lookups.push(...found);
  }
  return lookups;
}

function lookupKey({ accountId, checkpoint: { runId, scan } }: Run, batch: number, generation: number) {
  return stageKey(accountId, runId, `${scan}.lookup${batch}.${generation}`);
}
