import type { Logger } from "../../platform/logger.ts";
import type { MessageQueue } from "../../platform/message-queue.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { SyncOutcome } from "../run/run.ts";
import type { SyncMessage } from "./sync-message.ts";

export interface HandleMessageDeps {
  run(message: SyncMessage, queueRecheck: (afterMs: number) => Promise<void>): Promise<SyncOutcome>;
  /** Epoch milliseconds: start of the account's last complete full scan; undefined before the first. */
  scannedAt(): Promise<number | undefined>;
  /** Publishes the account's unpublished changes while time is left. @returns whether all are published */
  publish(): Promise<boolean>;
  queue: MessageQueue;
  metrics: Metrics;
  now: () => number;
  log: Logger;
}

/** The queue redelivers the message, and moves it to the dead-letter queue after some tries. */
export class SyncFailed extends Error {
  constructor(accountId: string, reason: string) {
    super(`sync of account ${accountId}: ${reason}`);
    this.name = "SyncFailed";
  }
}

/** Wait while another sync of the account is running. */
const POSTPONE_MS = 60_000;
/** Longer than the largest account takes; after that the next scheduled sync takes over. */
const MAX_POSTPONED = 30;

/**
 * Handles one message. Repeatable: when a later full scan has completed the message, only unpublished changes are left.
 * @throws SyncFailed, StorageUnavailable, QueueUnavailable, EventBusUnavailable: deliver the message again
 */
export async function handleMessage(deps: HandleMessageDeps, message: SyncMessage): Promise<void> {
  const { accountId, trigger } = message;
  const { log, queue, metrics } = deps;
  // Measured before the run: when no run succeeds any more, the snapshot's age grows, and the alarm watches that.
  const at = await deps.scannedAt();
  if (at !== undefined) metrics.record("SyncAgeSeconds", Math.round((deps.now() - at) / 1000), "Seconds");
  if (isComplete(message, at)) {
    log.info("sync message already complete", { accountId, trigger });
    return publishAll(deps, message);
  }
  const outcome = await deps.run(message, (afterMs) => queue.send(next(message), seconds(afterMs)));
  log.info("sync run ended", { accountId, trigger, ...outcome });
  const { state, continueAfterMs } = outcome;
  switch (state) {
    case "continues":
      // A new message, because this one may be at its last delivery. Trigger and request time are kept.
      return queue.send(next(message), seconds(continueAfterMs ?? 0));
    case "busy":
      return postpone(deps, message, continueAfterMs);
    case "failed":
      if (outcome.problem?.retryable === false) return log.error("sync gave up", { accountId, ...outcome });
      throw new SyncFailed(accountId, outcome.problem?.code ?? "failed");
    case "quarantined":
      log.error("sync quarantined", { accountId, ...outcome });
      return metrics.record("SyncQuarantined", 1, "Count");
    default:
      metrics.record("SyncQuarantined", 0, "Count");
      await publishAll(deps, message);
      // A run that was under way at the request may have read the changed pages before they changed.
      if (needsLaterScan(message) && !isComplete(message, await deps.scannedAt()))
        await postpone(deps, message, 0);
  }
}

/** A new message publishes the rest of a large account's first snapshot. */
async function publishAll({ publish, queue }: HandleMessageDeps, message: SyncMessage): Promise<void> {
  if (!(await publish())) await queue.send(next(message));
}

/** @param scannedAt start of the last complete full scan */
const isComplete = ({ requestedAt }: SyncMessage, scannedAt = Number.NEGATIVE_INFINITY) =>
  scannedAt >= requestedAt;

const needsLaterScan = ({ trigger }: SyncMessage) => trigger === "request" || trigger === "hint";

async function postpone(
  { queue, log }: HandleMessageDeps,
  message: SyncMessage,
  afterMs = POSTPONE_MS,
): Promise<void> {
  const { accountId, trigger, postponed } = message;
  if (postponed < MAX_POSTPONED) {
    return queue.send({ ...message, postponed: postponed + 1 }, seconds(afterMs));
  }
  log.warn("sync message dropped: the account is still busy", { accountId, trigger });
}

const next = (message: SyncMessage): SyncMessage => ({ ...message, postponed: 0 });
const seconds = (ms: number) => Math.ceil(ms / 1000);
