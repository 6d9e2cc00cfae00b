import { retryingRecords } from "../../storage/retrying-records.ts";
import { recordVersion } from "../snapshot/head.ts";
import { readWholeSnapshot } from "../snapshot/snapshot-store.ts";
import { SyncRecords } from "../snapshot/sync-records.ts";
import { type Checkpoint, MAX_RETRIES, newCheckpoint, type StaleReason } from "./checkpoint.ts";
import { commit, isCommitted } from "./commit-run.ts";
import { confirmRemovals } from "./confirm-removals.ts";
import { endEarly, finish } from "./end-run.ts";
import { judge } from "./judge.ts";
import { type Run, RunStale, type SyncDeps, type SyncOutcome, type SyncRequest } from "./run.ts";
import { LeaseLost, takeLease } from "./run-lease.ts";
import { scan } from "./scan.ts";
import { RUN_LIFETIME_MS } from "./staged-pages.ts";

/** Wait after losing the lease: another process is syncing the account. */
const BUSY_MS = 30_000;

/**
 * Brings an account's snapshot up to date, or as far as the deadline and RingCentral's budget allow. One process at a
 * time holds an account's lease. Each step is saved, so that the next holder resumes there; one compare-and-set makes
 * the whole result visible.
 * @throws StorageUnavailable: call again; the lease of such a run expires
 */
export async function runSync(deps: SyncDeps, request: SyncRequest): Promise<SyncOutcome> {
  const store = retryingRecords(deps.records, deps.clock, request.deadline);
  const given = { ...deps, ...request, records: new SyncRecords(store, request.accountId) };
  const taken = await takeLease(given);
  if ("busyForMs" in taken) return { state: "busy", continueAfterMs: taken.busyForMs };
  try {
    const { lease } = taken;
    return await perform({
      ...given,
      lease,
      checkpoint: lease.found ?? startOver({ ...given, lease }, ""),
      base: { numbers: [], byId: new Map() },
      numbers: new Map(),
      missing: [],
      isConfirmed: false,
      hasProgress: false,
    });
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error;
    deps.onEvent({ type: "fenced_off", runId: taken.lease.found?.runId ?? "" });
    return { state: "busy", continueAfterMs: BUSY_MS };
  }
}

/** The work of the lease holder. @throws LeaseLost, StorageUnavailable */
async function perform(run: Run): Promise<SyncOutcome> {
  try {
    await recordVersion(run.records, run.lease.head);
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

type Given = Pick<Run, "random" | "trigger" | "lease">;

function startOver(
  { random, trigger, lease }: Given,
  fingerprint: string,
  now = lease.startedAt,
): Checkpoint {
  const noise = Math.floor(random() * 36 ** 4).toString(36);
  // The generation alone makes it unique; the rest is for human readers.
  const runId = `${now.toString(36)}-${lease.generation.toString(36)}-${noise}`;
  return newCheckpoint({ runId, trigger, base: lease.head.version, fingerprint }, now);
}

/** Resumes the checkpoint that was found, or starts over when it is stale. */
async function begin(run: Run): Promise<void> {
  const { lease, onEvent } = run;
  const { found } = lease;
  const fingerprint = await run.fingerprint(run.deadline);
  const stale = found && whyStale(run, found, fingerprint);
  if (found === undefined) run.checkpoint = startOver(run, fingerprint);
  else if (stale === undefined)
    onEvent({ type: "resumed", runId: found.runId, pagesDone: found.furthestPage });
  else {
    const { restarts, failuresInARow, runId } = found;
    if (restarts > MAX_RETRIES) throw new RunStale(stale);
    onEvent({ type: "started_over", runId, reason: stale });
    const fresh = startOver(run, fingerprint, run.clock.now());
    run.checkpoint = { ...fresh, restarts: restarts + 1, failuresInARow };
    // A request that comes while the first page is read sees that this scan began before it.
    await lease.save(run.checkpoint);
  }
  const snapshot = await readWholeSnapshot(run.records, lease.head);
  const byId = new Map(snapshot.numbers.map((number, place) => [number.id, { place, number }]));
  run.base = { ...snapshot, byId };
}

function whyStale(
  { lease, clock }: Run,
  { stale, base, startedAt, fingerprint: seenWith }: Checkpoint,
  fingerprint: string,
): StaleReason | undefined {
  if (stale !== undefined) return stale;
  if (base !== lease.head.version) return "overtaken";
  if (clock.now() - startedAt > RUN_LIFETIME_MS) return "too_old";
  return seenWith === fingerprint ? undefined : "fingerprint";
}
