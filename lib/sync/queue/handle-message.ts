import * as z from "zod/mini";
import { ID_PATTERN } from "../../contract/parameters.ts";
import type { Logger } from "../../platform/logger.ts";
import type { MessageQueue } from "../../platform/message-queue.ts";
import type { SyncOutcome } from "../run/run.ts";

/** Message of the queue: bring one account's snapshot up to date. */
export const SyncMessage = z.object({
  accountId: z.string().check(z.regex(ID_PATTERN)),
  /** The copy of the directory instead of the numbers. */
  kind: z.optional(z.literal("directory")),
  trigger: z.enum(["schedule", "request", "hint"]),
  /** Epoch milliseconds. Any full scan that began later completes the message. */
  requestedAt: z.int().check(z.minimum(0)),
  /** Times it was postponed because another sync of the account was running. */
  postponed: z._default(z.int().check(z.minimum(0)), 0),
  /** Runs that failed although they had waited between their tries; absent: none. */
  failedRuns: z.optional(z.int().check(z.minimum(0))),
});
export type SyncMessage = z.output<typeof SyncMessage>;

export interface HandleMessageDeps {
  run(message: SyncMessage, queueRecheck: (afterMs: number) => Promise<void>): Promise<SyncOutcome>;
  /** Epoch milliseconds: start of the account's last complete full scan; undefined before the first. */
  scannedAt(): Promise<number | undefined>;
  /** Publishes the account's unpublished changes while time is left. @returns whether all are published */
  publish(): Promise<boolean>;
  queue: MessageQueue;
  log: Logger;
}

/** Wait while another sync of the account is running. */
const POSTPONE_MS = 60_000;
/** Longer than the largest account takes; after that the next scheduled sync takes over. */
const MAX_POSTPONED = 30;
/** Each takes eight minutes or more; after that the next scheduled sync takes over. */
const MAX_FAILED_RUNS = 5;
const AFTER_FAILED_RUN_MS = 120_000;

/**
 * Handles one message. Repeatable: when a later full scan has completed the message, only unpublished changes are left.
 * @throws an error after which the queue has to deliver the message again; after some tries it goes to the dead letters
 */
export async function handleMessage(deps: HandleMessageDeps, message: SyncMessage): Promise<void> {
  const { accountId, trigger } = message;
  const { log, queue } = deps;
  const at = await deps.scannedAt();
  if (isComplete(message, at)) {
    log.info("sync message already complete", { accountId, trigger });
    return publishAll(deps, message);
  }
  // A new message, because this one may be at its last delivery. Trigger and request time are kept.
  const queueNext = (afterMs: number) => queue.send({ ...message, postponed: 0 }, seconds(afterMs));
  const outcome = await deps.run(message, queueNext);
  log.info("sync run ended", { accountId, trigger, ...outcome });
  const { state, continueAfterMs, problem } = outcome;
  switch (state) {
    case "continues":
      return queueNext(continueAfterMs ?? 0);
    case "busy":
      return postpone(deps, message, continueAfterMs);
    case "failed":
      if (problem?.retryable === false) return log.error("sync gave up", { accountId, ...outcome });
      // Each wait was a new message, so the queue's count of deliveries does not end this.
      if (outcome.hasWaited) return runAgain(deps, message);
      throw new Error(`sync of account ${accountId}: ${problem?.code ?? "failed"}`);
    case "quarantined":
      return log.error("sync quarantined", { accountId, ...outcome });
    default:
      await publishAll(deps, message);
      // A run that was under way at the request may have read the changed pages before they changed.
      if (trigger !== "schedule" && !isComplete(message, await deps.scannedAt()))
        await postpone(deps, message, 0);
  }
}

async function runAgain({ queue, log }: HandleMessageDeps, message: SyncMessage): Promise<void> {
  const { accountId, failedRuns = 0 } = message;
  const next = { ...message, failedRuns: failedRuns + 1 };
  if (next.failedRuns < MAX_FAILED_RUNS) return queue.send(next, seconds(AFTER_FAILED_RUN_MS));
  log.error("sync gave up", { accountId, failedRuns: next.failedRuns });
}

/** A new message publishes the rest of a large account's first snapshot. */
async function publishAll({ publish, queue }: HandleMessageDeps, message: SyncMessage): Promise<void> {
  if (!(await publish())) await queue.send({ ...message, postponed: 0 });
}

/** @param scannedAt start of the last complete full scan */
const isComplete = ({ requestedAt }: SyncMessage, scannedAt = Number.NEGATIVE_INFINITY) =>
  scannedAt >= requestedAt;

async function postpone(deps: HandleMessageDeps, message: SyncMessage, afterMs = POSTPONE_MS): Promise<void> {
  const { accountId, trigger, postponed } = message;
  if (postponed < MAX_POSTPONED) {
    return deps.queue.send({ ...message, postponed: postponed + 1 }, seconds(afterMs));
  }
  deps.log.warn("sync message dropped: the account is still busy", { accountId, trigger });
}

const seconds = (ms: number) => Math.ceil(ms / 1000);
