import type { SyncProblem } from "../../contract/sync.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Deadline } from "../../platform/deadline.ts";
import type { Logger } from "../../platform/logger.ts";
import type { RingCentral } from "../../ringcentral/api/operation.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { patientRecords } from "../../storage/retrying-records.ts";
import { performRun } from "./perform-run.ts";
import type { Checkpoint } from "./run-lease.ts";
import { LeaseLost, takeLease } from "./run-lease.ts";
import type { OnSyncEvent } from "./sync-events.ts";

export interface SyncDeps {
  records: RecordStore;
  ringcentral: RingCentral;
  clock: Clock;
  /** In [0, 1); names runs. */
  random: () => number;
  instanceId: string;
  /**
   * Names what the account is seen with: the app, its user, its permissions. While it stays the same, so does what
   * RingCentral shows.
   */
  fingerprint(deadline: Deadline): Promise<string>;
  onEvent: OnSyncEvent;
}

export interface SyncRequest {
  accountId: string;
  trigger: "schedule" | "request" | "hint" | "continuation";
  deadline: Deadline;
  requestId: string;
  log: Logger;
  /** Told after each step that is written down. */
  onProgress?: (checkpoint: Checkpoint) => void;
}

export interface SyncOutcome {
  /**
   * - `committed`, `unchanged`: the snapshot is what RingCentral has
   * - `continues`: the checkpoint is written; call again after `continueAfterMs`
   * - `busy`: another process is at it, for up to `continueAfterMs`
   * - `quarantined`: too much is missing to be believed; with `continueAfterMs`, a second look then may settle it
   * - `failed`: see `problem`
   */
  state: "committed" | "unchanged" | "continues" | "busy" | "quarantined" | "failed";
  continueAfterMs?: number;
  version?: number;
  sequence?: number;
  added?: number;
  updated?: number;
  removed?: number;
  pages?: number;
  problem?: SyncProblem;
}

/** When the lease was lost to another process, that one is at work. */
const BUSY_MS = 30_000;

/**
 * Brings an account's snapshot up to date, or as far as the deadline and RingCentral's budget allow. One process at a
 * time has an account's lease; each step is written down, so that whoever has it next goes on from there; nothing is
 * visible before the one compare-and-set that shows all of it.
 * @throws StorageUnavailable: call again; the lease of a run that ends this way runs out by itself
 */
export async function runSync(deps: SyncDeps, request: SyncRequest): Promise<SyncOutcome> {
  const { clock, onEvent } = deps;
  const { accountId, deadline } = request;
  const records = patientRecords(deps.records, clock, deadline);
  const taken = await takeLease({ ...deps, records }, accountId);
  if ("busyForMs" in taken) return { state: "busy", continueAfterMs: taken.busyForMs };
  try {
    return await performRun({ ...deps, records }, request, taken.lease);
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error;
    onEvent({ type: "fenced_off", runId: taken.lease.found?.runId ?? "" });
    return { state: "busy", continueAfterMs: BUSY_MS };
  }
}
