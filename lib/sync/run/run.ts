import type { PhoneNumber } from "../../contract/company-numbers.ts";
import type { ProblemCode } from "../../contract/problems.ts";
import type { SyncRun } from "../../contract/sync.ts";
import type { Clock } from "../../platform/clock.ts";
import { type Deadline, deadlineIn } from "../../platform/deadline.ts";
import type { Logger } from "../../platform/logger.ts";
import type { RingCentralError } from "../../ringcentral/api/errors.ts";
import type { CallContext, RingCentral } from "../../ringcentral/api/operation.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import type { Manifest } from "../snapshot/snapshot-store.ts";
import type { SyncRecords } from "../snapshot/sync-records.ts";
import type { Checkpoint, StaleReason } from "./checkpoint.ts";
import type { RunLease } from "./run-lease.ts";

export interface SyncDeps {
  records: RecordStore;
  ringcentral: RingCentral;
  clock: Clock;
  /** In [0, 1); names runs. */
  random: () => number;
  /**
   * Permission fingerprint: names the app, its user and its permissions. RingCentral shows the same view of the account
   * as long as it stays the same.
   */
  fingerprint(deadline: Deadline): Promise<string>;
  problemOf(error: RingCentralError): { code: ProblemCode };
  queueRecheck(afterMs: number): Promise<void>;
  onEvent(event: SyncEvent): void;
}

/** For the log, which has a sentence for each. */
export type SyncEvent =
  | { type: "resumed"; runId: string; pagesDone: number }
  | { type: "started_over"; runId: string; reason: StaleReason }
  | { type: "scan_restarted"; runId: string; reason: "page_size" | "count" | "no_progress" }
  | { type: "stepped_back"; runId: string; page: number }
  | { type: "missed_by_scan"; runId: string; count: number }
  | { type: "quarantined"; runId: string; reason: string; removed: number }
  | { type: "committed"; runId: string; version: number; added: number; updated: number; removed: number }
  | { type: "fenced_off"; runId: string }
  | { type: "collected"; upToVersion: number; chunks: number };

export interface SyncRequest {
  accountId: string;
  trigger: "schedule" | "request" | "hint";
  deadline: Deadline;
  requestId: string;
  log: Logger;
}

export interface SyncOutcome extends Partial<Omit<SyncRun, "state">> {
  /**
   * - `committed`, `unchanged`: the snapshot is what RingCentral has
   * - `continues`: the checkpoint is saved; call again after `continueAfterMs`
   * - `busy`: another process holds the lease, for up to `continueAfterMs`
   * - `quarantined`: too many numbers are missing to be believed; a re-check may settle it
   * - `failed`: see `problem`
   */
  state: SyncRun["state"] | "continues" | "busy";
  continueAfterMs?: number;
  /** The run has failed after all its repetitions. */
  hasWaited?: boolean;
  sequence?: number;
}

/** One run: made once after the lease is taken, and passed from step to step. */
export interface Run extends Omit<SyncDeps, "records">, SyncRequest {
  readonly records: SyncRecords;
  readonly lease: RunLease;
  checkpoint: Checkpoint;
  base: Base;
  /** The account's numbers by id: as scanned, then with those that the scan missed. */
  numbers: Map<string, PhoneNumber>;
  /** Ids that the base has and the scan has not, sorted. */
  missing: readonly string[];
  /** An operator has confirmed that the missing numbers are gone: no proof by id is needed. */
  isConfirmed: boolean;
  /** This slice of the run has saved a step. */
  hasProgress: boolean;
}

/** The snapshot a run starts from. */
interface Base {
  /** In order. */
  numbers: readonly PhoneNumber[];
  byId: ReadonlyMap<string, { place: number; number: PhoneNumber }>;
  manifest?: Manifest | undefined;
}

/** Saves a step. @throws LeaseLost, StorageUnavailable */
export async function saveProgress(run: Run, checkpoint: Checkpoint): Promise<void> {
  await run.lease.save(checkpoint);
  run.checkpoint = checkpoint;
  run.hasProgress = true;
}

/** Ends a slice of a run. When the run is given up, its status shows the message as a problem of this code. */
export class RunError extends Error {
  readonly code: ProblemCode;
  constructor(code: ProblemCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The time is used up; the checkpoint is saved. */
export class Interrupted extends RunError {
  constructor() {
    super("internal", "No invocation had time for one call.");
  }
}

/** The staged pages are unusable: the run has to start over. */
export class RunStale extends RunError {
  readonly reason: StaleReason;
  constructor(reason: StaleReason) {
    super("internal", `The sync had to start over too often: ${reason}.`);
    this.reason = reason;
  }
}

/** Kept free after a call for saving its result when the table is slow. */
const RESERVE_MS = 5_000;
/** Least time in which a call is worth beginning. */
const MIN_CALL_MS = 3_000;
/** Longest call, with a short wait for its permit; longer waits are the queue's. The lease lasts longer. */
const MAX_CALL_MS = 45_000;

/** @throws Interrupted when there is no time for another call */
export function callContext(run: Run, onBudget?: CallContext["onBudget"]): CallContext {
  const { clock, deadline, accountId, requestId, log } = run;
  const leftMs = deadline.remainingMs() - RESERVE_MS;
  if (leftMs < MIN_CALL_MS) throw new Interrupted();
  return {
    accountId,
    requestId,
    log,
    priority: "sync",
    route: "sync",
    // A page that is read again must not come from a cache.
    fresh: true,
    deadline: deadlineIn(Math.min(leftMs, MAX_CALL_MS), clock, 0),
    ...(onBudget && { onBudget }),
  };
}
