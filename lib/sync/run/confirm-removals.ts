import { RingCentralError } from "../../ringcentral/api/errors.ts";
import type { Operation } from "../../ringcentral/api/operation.ts";
import { MAX_TROUBLE } from "./checkpoint.ts";
import { LOOKUP_BATCH, type Lookup, lookUpNumbers } from "./number-lookup.ts";
import { Quarantined } from "./quarantine.ts";
import { callContext, type Run, saveProgress } from "./run.ts";
import { readStaged, stage } from "./staged-pages.ts";

/**
 * Looks up each missing number by its id: a list of steady size can hide a number when one before the reading position
 * goes and one behind it comes. Numbers that are not proved gone are kept. Each batch is saved before the next is
 * looked up.
 */
export async function confirmRemovals(run: Run): Promise<void> {
  const seen = run.numbers.size;
  await readStaged(run, "lookups");
  while (run.checkpoint.lookedUp < run.missing.length) await confirmBatch(run);
  const { runId } = run.checkpoint;
  const count = run.numbers.size - seen;
  if (count > 0) run.onEvent({ type: "missed_by_scan", runId, count });
}

async function confirmBatch(run: Run): Promise<void> {
  const { missing, isConfirmed, base, checkpoint } = run;
  const ids = missing.slice(checkpoint.lookedUp, checkpoint.lookedUp + LOOKUP_BATCH);
  const call = <Output>(operation: Operation<Output>, phoneNumberId: string) =>
    run.ringcentral.call(operation, { path: { phoneNumberId } }, callContext(run));
  const found = await lookUpNumbers(call, ids).catch((error: unknown) => {
    const isUnusable = error instanceof RingCentralError && error.failure.kind === "bad_response";
    if (!isUnusable || checkpoint.trouble < MAX_TROUBLE) throw error;
    // The numbers stay, and the rest is committed: a look-up that never works may not hold it up.
    return ids.map((): Lookup => "unproved");
  });
  if (!isConfirmed && found.includes("forbidden")) throw new Quarantined("permissions");
  const kept = found.map((lookup, index) => {
    if (typeof lookup === "object") return lookup;
    return lookup === "unproved" ? base.byId.get(ids[index] ?? "")?.number : undefined;
  });
  const lookups = await stage(
    run,
    "lookups",
    kept.filter((number) => number !== undefined),
  );
  const lookedUp = checkpoint.lookedUp + found.length;
  const trouble = found.every((lookup) => lookup === "unproved") ? checkpoint.trouble : 0;
  await saveProgress(run, { ...checkpoint, lookups, lookedUp, trouble });
}
