import type { StoredRecord } from "../../storage/record-store.ts";
import type { UpdateDeps } from "../../storage/update-record.ts";
import { emptyHead, HEAD, type Head, readHead } from "../snapshot/head.ts";
import type { SyncRecords } from "../snapshot/sync-records.ts";
import { type Checkpoint, SHAPE } from "./checkpoint.ts";

export interface RunRecord {
  /** Grows with every holder: the fencing token. */
  generation: number;
  /** Epoch milliseconds; 0: released. After it another process may take the lease. */
  leaseUntil: number;
  /** Epoch milliseconds: when the last run began, whatever its end. */
  startedAt: number;
  /** Epoch milliseconds: no process resumes the run before. */
  resumeAt?: number;
  /** Absent: the last run has ended. */
  checkpoint?: Checkpoint;
}

export const RUN = "run";

/** Another process holds the lease now: nothing of this process's run may take effect any more. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
}

/** Longer than the time between two checkpoints: a page may wait 45 s for its permit. */
const LEASE_MS = 120_000;
/** Wait of the process that loses the race for a free lease. */
const RETRY_MS = 15_000;
/** Largest clock error of an instance. */
export const MAX_SKEW_MS = 5_000;

type LeaseDeps = Omit<UpdateDeps, "records"> & { records: SyncRecords };

/** The record of an account's run. A checkpoint of another shape counts as none. */
export async function readRun(records: SyncRecords): Promise<StoredRecord<RunRecord> | undefined> {
  const stored = await records.read<RunRecord>(RUN);
  if (stored === undefined || stored.value.checkpoint?.shape === SHAPE) return stored;
  const { checkpoint: _, ...value } = stored.value;
  return { ...stored, value };
}

/** The exclusive right to sync one account; it expires unless the holder saves checkpoints. */
export class RunLease {
  readonly generation: number;
  /** The checkpoint that the holder before left. */
  readonly found: Checkpoint | undefined;
  readonly #deps: LeaseDeps;
  #run: StoredRecord<RunRecord>;
  #head: StoredRecord<Head>;

  constructor(deps: LeaseDeps, run: StoredRecord<RunRecord>, head: StoredRecord<Head>) {
    [this.#deps, this.#run, this.#head] = [deps, run, head];
    this.generation = run.value.generation;
    this.found = run.value.checkpoint;
  }

  /** The head as this holder last read or set it. */
  get head(): Head {
    return this.#head.value;
  }

  /** Epoch milliseconds: the begin of the run that the lease was taken for. */
  get startedAt(): number {
    return this.#run.value.startedAt;
  }

  /** Saves the checkpoint and extends the lease. @throws LeaseLost */
  save(checkpoint: Checkpoint): Promise<void> {
    return this.#write(this.#deps.clock.now() + LEASE_MS, checkpoint);
  }

  /** Ends the run; with a checkpoint, any process may resume it after the wait. @throws LeaseLost */
  release(checkpoint?: Checkpoint, waitMs = 0): Promise<void> {
    return this.#write(0, checkpoint, waitMs > 0 ? { resumeAt: this.#deps.clock.now() + waitMs } : {});
  }

  /** @throws LeaseLost when a later holder has marked the head */
  async setHead(change: Partial<Head>): Promise<void> {
    const value = { ...this.head, ...change };
    const version = await this.#deps.records.compareAndSet(HEAD, this.#head.version, value);
    if (version === undefined) throw new LeaseLost();
    this.#head = { value, version };
  }

  async #write(
    leaseUntil: number,
    checkpoint: Checkpoint | undefined,
    wait: Pick<RunRecord, "resumeAt"> = {},
  ): Promise<void> {
    const { records, clock } = this.#deps;
    const { generation } = this;
    const { startedAt } = checkpoint ?? this.#run.value;
    const kept = checkpoint && { checkpoint: { ...checkpoint, updatedAt: clock.now() } };
    const value = { generation, leaseUntil, startedAt, ...wait, ...kept };
    const version = await records.compareAndSet(RUN, this.#run.version, value);
    if (version === undefined) throw new LeaseLost();
    this.#run = { value, version };
  }
}

/**
 * Takes the lease of an account's sync. A new holder writes its generation into the head, which fences off a slow former
 * holder: its commit fails.
 * @returns how long another process may hold the lease, when one does
 */
export async function takeLease(deps: LeaseDeps): Promise<{ lease: RunLease } | { busyForMs: number }> {
  const { records, clock } = deps;
  const [stored, before] = await Promise.all([readRun(records), readHead(records)]);
  const known = stored?.value;
  if (known !== undefined && known.leaseUntil > 0) {
    const heldForMs = known.leaseUntil + MAX_SKEW_MS - clock.now();
    if (heldForMs > 0) return { busyForMs: heldForMs };
  }
  // The other messages of an account wait as long as the one that the run has queued.
  const waitMs = (known?.resumeAt ?? 0) - clock.now();
  if (waitMs > 0) return { busyForMs: waitMs };
  // The head's generation is the larger one only after a restored backup.
  const generation = Math.max(known?.generation ?? 0, before.generation) + 1;
  const { resumeAt: _, ...record } = known ?? {};
  const value = {
    ...record,
    generation,
    leaseUntil: clock.now() + LEASE_MS,
    startedAt: known?.checkpoint?.startedAt ?? clock.now(),
  };
  const version = await records.compareAndSet(RUN, stored?.version ?? null, value);
  if (version === undefined) return { busyForMs: RETRY_MS };
  const head = await records.update<Head>(deps, HEAD, (found = emptyHead) =>
    found.generation < generation ? { value: { ...found, generation } } : undefined,
  );
  // A later holder has marked the head already.
  if (head?.value.generation !== generation) return { busyForMs: RETRY_MS };
  return { lease: new RunLease(deps, { value, version }, head) };
}
