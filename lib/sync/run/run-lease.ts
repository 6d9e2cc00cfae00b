import type { Clock } from "../../platform/clock.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { readHead } from "../snapshot/snapshot-store.ts";
import { type Head, headKey, MAX_SKEW_MS, runKey } from "../sync-records.ts";

/** Where a run has got to: all that a process needs to go on with it, be it after the death of another. */
export interface Checkpoint {
  runId: string;
  trigger: string;
  /** Epoch milliseconds, as all instants here. */
  startedAt: number;
  updatedAt: number;
  /** Version of the head it started from; what it stages is coded against it. */
  base: number;
  fingerprint: string;
  /** Counts from 1: the list changed while it was read, and is read again. */
  sweep: number;
  sweepStartedAt: number;
  /** Pages of sweeps given up. */
  pagesBefore: number;
  /** Page sizes as RingCentral applied them to the first page; the others are counted by it. */
  perPage?: number;
  totalElements?: number;
  totalPages?: number;
  /** RingCentral has no further page. */
  isSwept: boolean;
  /** Distinct ones. */
  numbersSeen: number;
  /** Records that could not be read. */
  skipped: number;
  /** Pages that are staged, and lookups: how many by which holder, in order. */
  pages: StagedBy[];
  lookups: StagedBy[];
  /** Failures in a row that time may mend. */
  trouble: number;
  /** What one more page takes, by RingCentral's budget. */
  secondsPerPage?: number;
  /** Known once everything is settled but the commit itself. */
  result?: { decidedAt: number; total: number; added: number; updated: number; removed: number };
}

export type StagedBy = [generation: number, count: number];

export const countStaged = (staged: readonly StagedBy[]) => staged.reduce((sum, [, count]) => sum + count, 0);

/** One more, staged by this holder. */
export function withStaged(staged: readonly StagedBy[], generation: number): StagedBy[] {
  const last = staged.at(-1);
  if (last?.[0] !== generation) return [...staged, [generation, 1]];
  return [...staged.slice(0, -1), [generation, last[1] + 1]];
}

export interface RunRecord {
  /** Grows with every holder. */
  generation: number;
  owner: string;
  /** Epoch milliseconds; 0: let go. Past it, whoever comes next may go on. */
  leaseUntil: number;
  /** Absent: the last run has ended. */
  checkpoint?: Checkpoint;
}

/** Somebody else holds the lease now: nothing of this process's run may take effect any more. */
export class LeaseLost extends Error {
  constructor() {
    super("another process has taken the sync over");
    this.name = "LeaseLost";
  }
}

/** The right to sync one account, until somebody else has reason to think its holder dead. */
export interface RunLease {
  readonly generation: number;
  /** Left behind by the holder before. */
  readonly found: Checkpoint | undefined;
  /** The head as last read or set by this holder. */
  readonly head: Head;
  /** Writes the checkpoint down, and holds the lease for longer. @throws LeaseLost */
  save(checkpoint: Checkpoint): Promise<void>;
  /** Lets go: without a checkpoint the run is over; with one, anybody may go on with it. @throws LeaseLost */
  release(checkpoint?: Checkpoint): Promise<void>;
  /** @throws LeaseLost when another holder has marked the head meanwhile */
  setHead(change: Partial<Head>): Promise<void>;
}

/** Longer than anything between two checkpoints takes: a page may wait most of a minute for its permit. */
export const LEASE_MS = 120_000;
/** When two come at once, the one that lost looks again. */
const RETRY_MS = 15_000;

/**
 * Takes the lease of an account's sync. A new holder writes its generation into the head, so that whatever a former one,
 * that was only slow, still tries to commit fails.
 * @returns how long somebody else may hold it, when somebody does
 */
export async function takeLease(
  { records, clock, instanceId }: { records: RecordStore; clock: Clock; instanceId: string },
  accountId: string,
): Promise<{ lease: RunLease } | { busyForMs: number }> {
  const key = runKey(accountId);
  const [stored, { head: before }] = await Promise.all([
    records.read<RunRecord>(key),
    readHead(records, accountId),
  ]);
  const known = stored?.value;
  if (known !== undefined && known.leaseUntil > 0) {
    const heldForMs = known.leaseUntil + MAX_SKEW_MS - clock.now();
    if (heldForMs > 0) return { busyForMs: heldForMs };
  }
  // The head has never seen more than the run; after a restored backup it may have.
  const generation = Math.max(known?.generation ?? 0, before.generation) + 1;
  const found = known?.checkpoint;
  const record = (leaseUntil: number, checkpoint: Checkpoint | undefined): RunRecord => ({
    generation,
    owner: instanceId,
    leaseUntil,
    ...(checkpoint && { checkpoint }),
  });
  let version = await records.compareAndSet(
    key,
    stored?.version ?? null,
    record(clock.now() + LEASE_MS, found),
  );
  if (version === undefined) return { busyForMs: RETRY_MS };
  const marked = await markHead(records, accountId, generation);
  if (marked === undefined) return { busyForMs: RETRY_MS };
  let { head, recordVersion } = marked;

  async function write(next: RunRecord): Promise<void> {
    if (version !== undefined) version = await records.compareAndSet(key, version, next);
    if (version === undefined) throw new LeaseLost();
  }
  const lease: RunLease = {
    generation,
    found,
    get head() {
      return head;
    },
    save: (checkpoint) => write(record(clock.now() + LEASE_MS, { ...checkpoint, updatedAt: clock.now() })),
    release: (checkpoint) => write(record(0, checkpoint && { ...checkpoint, updatedAt: clock.now() })),
    async setHead(change) {
      const next = { ...head, ...change };
      const written = await records.compareAndSet(headKey(accountId), recordVersion, next);
      if (written === undefined) throw new LeaseLost();
      [head, recordVersion] = [next, written];
    },
  };
  return { lease };
}

/** @returns undefined when a later holder has been there already */
async function markHead(
  records: RecordStore,
  accountId: string,
  generation: number,
): Promise<{ head: Head; recordVersion: number } | undefined> {
  // Only holders of the lease write the head: it is contended for a moment at most.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const { head: found, recordVersion } = await readHead(records, accountId);
    if (found.generation >= generation) return undefined;
    const head = { ...found, generation };
    const written = await records.compareAndSet(headKey(accountId), recordVersion, head);
    if (written !== undefined) return { head, recordVersion: written };
  }
  return undefined;
}
