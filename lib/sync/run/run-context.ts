import type { Clock } from "../../platform/clock.ts";
import type { Deadline } from "../../platform/deadline.ts";
import type { CallContext, RingCentral } from "../../ringcentral/api/operation.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import type { Checkpoint, RunLease } from "./run-lease.ts";
import type { Stage } from "./staged-pages.ts";
import type { OnSyncEvent, SyncEvent } from "./sync-events.ts";

/** What the steps of one run share. */
export interface RunContext {
  accountId: string;
  records: RecordStore;
  ringcentral: RingCentral;
  clock: Clock;
  deadline: Deadline;
  lease: RunLease;
  stage: Stage;
  onEvent: OnSyncEvent;
  /** Told after each step that is written down. */
  onProgress: (checkpoint: Checkpoint) => void;
  call: Pick<CallContext, "accountId" | "requestId" | "log">;
}

/** Time is up, or RingCentral's budget; the checkpoint is written. */
export class Interrupted extends Error {
  readonly continueAfterMs: number;
  constructor(continueAfterMs = 0) {
    super("to be continued");
    this.name = "Interrupted";
    this.continueAfterMs = continueAfterMs;
  }
}

/** What a run has staged is of no use any more: it has to start over. */
export class RunStale extends Error {
  readonly reason: Extract<SyncEvent, { type: "started_over" }>["reason"];
  constructor(reason: RunStale["reason"]) {
    super(`the run has to start over: ${reason}`);
    this.name = "RunStale";
    this.reason = reason;
  }
}

/** What must be left after a call: for writing down what it answered, on a slow day of the table. */
const RESERVE_MS = 5_000;
/** Least time for a call to be worth beginning. */
const ROOM_FOR_CALL_MS = 3_000;
/** A call may wait for its permit for so long; the lease lasts for longer. */
const MAX_CALL_MS = 45_000;

/** @throws Interrupted when there is no time for another call */
export function callContext(
  { clock, deadline, call }: RunContext,
  onBudget?: CallContext["onBudget"],
): CallContext {
  const leftMs = deadline.remainingMs() - RESERVE_MS;
  if (leftMs < ROOM_FOR_CALL_MS) throw new Interrupted();
  const at = clock.now() + Math.min(leftMs, MAX_CALL_MS);
  return {
    ...call,
    priority: "sync",
    route: "sync",
    // A page asked for again was asked for again for a reason.
    fresh: true,
    deadline: { at, remainingMs: () => Math.max(0, at - clock.now()) },
    ...(onBudget && { onBudget }),
  };
}
