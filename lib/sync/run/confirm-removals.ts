import { countStaged } from "./checkpoint.ts";
import { LOOKUP_BATCH, lookUpNumbers } from "./number-lookup.ts";
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
  const { base, missing, isConfirmed } = run;
  const seen = run.numbers.size;
  await readStaged(run, "lookups");
  for (let done = countStaged(run.checkpoint.lookups) * LOOKUP_BATCH; done < missing.length; ) {
    const ids = missing.slice(done, done + LOOKUP_BATCH);
    const found = await lookUpNumbers(run.ringcentral, ids, () => callContext(run));
    if (!isConfirmed && found.some(({ is }) => is === "forbidden")) throw new Quarantined("permissions");
    const kept = found.flatMap((lookup) => {
      if (lookup.is === "there") return [lookup.phoneNumber];
      const place = lookup.is === "unproved" ? base.places.get(lookup.id) : undefined;
      return place === undefined ? [] : base.numbers.slice(place, place + 1);
    });
    const lookups = await stage(run, "lookups", kept);
    await saveProgress(run, { ...run.checkpoint, lookups, trouble: 0 });
    done += ids.length;
  }
  const { runId } = run.checkpoint;
  const count = run.numbers.size - seen;
  if (count > 0) run.onEvent({ type: "missed_by_scan", runId, count });
}
