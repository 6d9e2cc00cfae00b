import type { PhoneNumber } from "../../contract/company-numbers.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { readPacked, writeOnce } from "../snapshot/pack.ts";
import { stageKey, WALK_LIFETIME_MS } from "../sync-records.ts";
import { LOOKUP_BATCH, type Lookup, lookUpNumbers } from "./number-lookup.ts";
import { callContext, type RunContext, RunStale } from "./run-context.ts";
import { type Checkpoint, countStaged, withStaged } from "./run-lease.ts";
import { holders } from "./scan.ts";
import { numberIn } from "./staged-pages.ts";

export interface Confirmed {
  checkpoint: Checkpoint;
  /** There after all, as they are now. */
  kept: PhoneNumber[];
  /** Of these RingCentral would not say whether they are there. */
  forbidden: string[];
}

/**
 * Asks for each number that a sweep did not hold by its id: even a list of steady size can hide one, when one before
 * the reading position goes and one behind it comes. Each batch is written down before the next is asked for.
 * @param missing ids of the base, in a fixed order
 * @param isSettled an operator has said that they are gone: whether RingCentral may be asked no longer matters
 * @throws Interrupted, RunStale, LeaseLost, RingCentralError, StorageUnavailable
 */
export async function confirmRemovals(
  run: RunContext,
  from: Checkpoint,
  missing: readonly string[],
  isSettled: boolean,
): Promise<Confirmed> {
  let checkpoint = from;
  const lookups = await readStaged(run, checkpoint);
  for (let done = countStaged(checkpoint.lookups); done * LOOKUP_BATCH < missing.length; done += 1) {
    const ids = missing.slice(done * LOOKUP_BATCH, (done + 1) * LOOKUP_BATCH);
    const batch = await lookUpNumbers(run.ringcentral, ids, () => callContext(run));
    const key = lookupKey(run, checkpoint, done, run.lease.generation);
    await writeOnce(run.records, key, batch, { expiresAt: run.clock.now() + WALK_LIFETIME_MS });
    lookups.push(...batch);
    checkpoint = {
      ...checkpoint,
      lookups: withStaged(checkpoint.lookups, run.lease.generation),
      trouble: 0,
    };
    await run.lease.save(checkpoint);
    run.onProgress(checkpoint);
    // One is enough to end the run.
    if (!isSettled && batch.some(({ is }) => is === "forbidden")) break;
  }
  return { checkpoint, ...sorted(run, lookups) };
}

function sorted(run: RunContext, lookups: readonly Lookup[]): Pick<Confirmed, "kept" | "forbidden"> {
  const kept: PhoneNumber[] = [];
  const forbidden: string[] = [];
  for (const lookup of lookups) {
    const before = numberIn(run.stage.base, lookup.id);
    if (lookup.is === "there") kept.push(lookup.phoneNumber);
    else if (lookup.is === "unreadable" && before !== undefined) kept.push(before);
    else if (lookup.is === "forbidden") forbidden.push(lookup.id);
  }
  return { kept, forbidden };
}

async function readStaged(run: RunContext, checkpoint: Checkpoint): Promise<Lookup[]> {
  const lookups: Lookup[] = [];
  for (const [batch, generation] of holders(checkpoint.lookups).entries()) {
    const found = await readPacked<Lookup[]>(run.records, lookupKey(run, checkpoint, batch, generation));
    if (found === undefined) throw new RunStale("stage_lost");
    lookups.push(...found);
  }
  return lookups;
}

function lookupKey(
  { accountId }: { accountId: string; records: RecordStore },
  { runId, sweep }: Checkpoint,
  batch: number,
  generation: number,
) {
  return stageKey(accountId, runId, `${sweep}.lookup${batch}.${generation}`);
}
