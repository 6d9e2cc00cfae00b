import { RingCentralError } from "../../ringcentral/api/errors.ts";
import { MAX_TROUBLE } from "./checkpoint.ts";
import { LOOKUP_BATCH, type Lookup, lookUpNumbers } from "./number-lookup.ts";
import { Quarantined } from "./quarantine.ts";
import { callContext, type Run, saveProgress } from "./run.ts";
import { readStaged, stage } from "./staged-pages.ts";

/**
 * Looks up each missing number by its id: a list of steady size can hide a number when one before the reading position
 * goes and one behind it comes. Numbers that are not proved gone are kept. Each batch is saved before the next is
 * looked up.
 * @throws Quarantined, Interrupted, RunStale, LeaseLost, RingCentralError, StorageUnavailable
 */
export async function confirmRemovals(run: Run): Promise<void> {
  const { base, missing } = run;
  const seen = run.numbers.size;
  await readStaged(run, "lookups");
  while (run.checkpoint.lookedUp < missing.length) {
    const found = await lookUpNext(run);
    const kept = found.flatMap((lookup) => {
      if (lookup.is === "there") return [lookup.phoneNumber];
      const place = lookup.is === "unproved" ? base.places.get(lookup.id) : undefined;
      return place === undefined ? [] : base.numbers.slice(place, place + 1);
    });
    const lookups = await stage(run, "lookups", kept);
    const lookedUp = run.checkpoint.lookedUp + found.length;
    const trouble = found.every(({ is }) => is === "unproved") ? run.checkpoint.trouble : 0;
    await saveProgress(run, { ...run.checkpoint, lookups, lookedUp, trouble });
  }
  const { runId } = run.checkpoint;
  const count = run.numbers.size - seen;
  if (count > 0) run.onEvent({ type: "missed_by_scan", runId, count });
}

async function lookUpNext(run: Run): Promise<Lookup[]> {
  const { missing, isConfirmed, checkpoint } = run;
  const ids = missing.slice(checkpoint.lookedUp, checkpoint.lookedUp + LOOKUP_BATCH);
  try {
    const found = await lookUpNumbers(run.ringcentral, ids, () => callContext(run));
    if (!isConfirmed && found.some(({ is }) => is === "forbidden")) throw new Quarantined("permissions");
    return found;
  } catch (error) {
    const isUnusable = error instanceof RingCentralError && error.failure.kind === "bad_response";
    // The numbers stay, and the rest is committed: a look-up that never works may not hold it up.
    if (isUnusable && checkpoint.trouble >= MAX_TROUBLE) return ids.map((id) => ({ id, is: "unproved" }));
    throw error;
  }
}
