import type { StoredRecord } from "../../storage/record-store.ts";
import { type UpdateDeps, updateRecord } from "../../storage/update-record.ts";
import { readHead } from "../snapshot/snapshot-store.ts";
import { emptyHead, type Head, headKey, MAX_SKEW_MS, runKey } from "../snapshot/sync-records.ts";
import { type Checkpoint, ofKnownShape } from "./checkpoint.ts";

export interface RunRecord {
  /** Grows with every holder: the fencing token. */
  generation: number;
  owner: string;
  /** Epoch milliseconds; 0: released. After it another process may take the lease. */
  leaseUntil: number;
  /** Epoch milliseconds: when the last run began, whatever its end. Absent in records of older code. */
  startedAt?: number;
  /** Absent: the last run has ended. */
  checkpoint?: Checkpoint;
}

/** Another process holds the lease now: nothing of this process's run may take effect any more. */
export class LeaseLost extends Error {
  constructor() {
    super("another process has taken the sync over");
    this.name = "LeaseLost";
  }
}

/** Longer than the time between two checkpoints: a page may wait 45 s for its permit. */
const LEASE_MS = 120_000;
/** Wait of the process that loses the race for a free lease. */
const RETRY_MS = 15_000;

interface LeaseDeps extends UpdateDeps {
  instanceId: string;
}

/** The exclusive right to sync one account; it expires unless the holder saves checkpoints. */
export class RunLease {
  readonly generation: number;
  /** The checkpoint that the holder before left. */
  readonly found: Checkpoint | undefined;
  readonly #deps: LeaseDeps;
  readonly #accountId: string;
  #version: number;
  #startedAt: number;
  #head: StoredRecord<Head>;

  constructor(deps: LeaseDeps, accountId: string, run: StoredRecord<RunRecord>, head: StoredRecord<Head>) {
    this.generation = run.value.generation;
    this.found = ofKnownShape(run.value.checkpoint);
    [this.#deps, this.#accountId] = [deps, accountId];
    [this.#version, this.#head] = [run.version, head];
    this.#startedAt = run.value.startedAt ?? deps.clock.now();
  }

  /** The head as this holder last read or set it. */
  get head(): Head {
    return this.#head.value;
  }

  /** Saves the checkpoint and extends the lease. @throws LeaseLost */
  save(checkpoint: Checkpoint): Promise<void> {
    return this.#write(this.#deps.clock.now() + LEASE_MS, checkpoint);
  }

  /** Ends the run; with a checkpoint, any process may resume it. @throws LeaseLost */
  release(checkpoint?: Checkpoint): Promise<void> {
    return this.#write(0, checkpoint);
  }

  /** @throws LeaseLost when a later holder has marked the head */
  async setHead(change: Partial<Head>): Promise<void> {
    const value = { ...this.head, ...change };
    const key = headKey(this.#accountId);
    const version = await this.#deps.records.compareAndSet(key, this.#head.version, value);
    if (version === undefined) throw new LeaseLost();
    this.#head = { value, version };
  }

  async #write(leaseUntil: number, checkpoint: Checkpoint | undefined): Promise<void> {
    const { records, clock, instanceId } = this.#deps;
    const kept = checkpoint && { ...checkpoint, updatedAt: clock.now() };
    this.#startedAt = checkpoint?.startedAt ?? this.#startedAt;
    const held = { generation: this.generation, owner: instanceId, leaseUntil, startedAt: this.#startedAt };
    const next: RunRecord = { ...held, ...(kept && { checkpoint: kept }) };
    const written = await records.compareAndSet(runKey(this.#accountId), this.#version, next);
    if (written === undefined) throw new LeaseLost();
    this.#version = written;
  }
}

/**
 * Takes the lease of an account's sync. A new holder writes its generation into the head, which fences off a slow former
 * holder: its commit fails.
 * @returns how long another process may hold the lease, when one does
 */
export async function takeLease(
  deps: LeaseDeps,
  accountId: string,
): Promise<{ lease: RunLease } | { busyForMs: number }> {
  const { records, clock, instanceId } = deps;
  const key = runKey(accountId);
  const [stored, before] = await Promise.all([records.read<RunRecord>(key), readHead(records, accountId)]);
  const known = stored?.value;
  if (known !== undefined && known.leaseUntil > 0) {
    const heldForMs = known.leaseUntil + MAX_SKEW_MS - clock.now();
    if (heldForMs > 0) return { busyForMs: heldForMs };
  }
  // The head's generation is the larger one only after a restored backup.
  const generation = Math.max(known?.generation ?? 0, before.generation) + 1;
  const checkpoint = known?.checkpoint;
  const startedAt = ofKnownShape(checkpoint)?.startedAt ?? clock.now();
  const held = { generation, owner: instanceId, leaseUntil: clock.now() + LEASE_MS, startedAt };
  const record: RunRecord = { ...held, ...(checkpoint && { checkpoint }) };
  const version = await records.compareAndSet(key, stored?.version ?? null, record);
  const marked = version === undefined ? undefined : await markHead(deps, accountId, generation);
  if (version === undefined || marked === undefined) return { busyForMs: RETRY_MS };
  return { lease: new RunLease(deps, accountId, { value: record, version }, marked) };
}

/** @returns undefined when a later holder has marked it already */
async function markHead(
  deps: LeaseDeps,
  accountId: string,
  generation: number,
): Promise<StoredRecord<Head> | undefined> {
  let isMarked = false;
  const marked = await updateRecord<Head>(deps, headKey(accountId), (found = emptyHead) => {
    isMarked = found.generation < generation;
    return isMarked ? { value: { ...found, generation } } : undefined;
  });
  return isMarked ? marked : undefined;
}
