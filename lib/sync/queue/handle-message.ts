import type { Logger } from "../../platform/logger.ts";
import type { MessageQueue } from "../../platform/message-queue.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { SyncOutcome } from "../run/run.ts";
import type { SyncMessage } from "./sync-message.ts";

export interface HandleMessageDeps {
  run(work: SyncMessage): Promise<SyncOutcome>;
  /** Epoch milliseconds: when the last sweep began that was seen through; undefined before the first. */
  scannedAt(accountId: string): Promise<number | undefined>;
  /** Publishes what has not been published yet, as far as there is time. @returns whether that was all */
  publish(accountId: string): Promise<boolean>;
  queue: MessageQueue;
  metrics: Metrics;
  now: () => number;
  log: Logger;
}

/** The message goes back to the queue, and after some more tries to the dead-letter queue. */
export class SyncFailed extends Error {
  constructor(accountId: string, reason: string) {
    super(`sync of account ${accountId}: ${reason}`);
    this.name = "SyncFailed";
  }
}

/** While another sync of the account is at work. */
const POSTPONE_MS = 60_000;
/** For longer than the largest account takes; then the schedule comes round again. */
const MAX_POSTPONED = 30;

/**
 * Does the work of one message. Doing it twice does no harm: a message that a later sweep has answered already
 * only publishes what may be left to publish.
 * @throws SyncFailed, StorageUnavailable, QueueUnavailable, EventBusUnavailable: deliver the message again
 */
export async function handleMessage(deps: HandleMessageDeps, work: SyncMessage): Promise<void> {
  const { accountId } = work;
  const { log, queue, metrics } = deps;
  await measureAge(deps, accountId);
  if (await isAnswered(deps, work)) {
    log.info("sync work already done", { accountId, trigger: work.trigger });
    return publishAll(deps, work);
  }
  const outcome = await deps.run(work);
  log.info("sync run", { accountId, trigger: work.trigger, ...outcome });
  const { state, continueAfterMs } = outcome;
  switch (state) {
    case "continues":
      // As a message of its own: this one may be at the end of its deliveries. It stays who asked, and when.
      return queue.send(next(work), seconds(continueAfterMs ?? 0));
    case "busy":
      return postpone(deps, work, continueAfterMs);
    case "failed":
      if (outcome.problem?.retryable === false) return log.error("sync gave up", { accountId, ...outcome });
      throw new SyncFailed(accountId, outcome.problem?.code ?? "failed");
    case "quarantined":
      log.error("sync quarantined", { accountId, ...outcome });
      metrics.record("SyncQuarantined", 1, "Count");
      // The second look that may confirm it.
      if (continueAfterMs === undefined) return;
      return queue.send(next(work), seconds(continueAfterMs));
    default:
      metrics.record("SyncQuarantined", 0, "Count");
      await publishAll(deps, work);
      // A run that was under way when this was asked for may have read the changed pages before they changed.
      if (needsLaterScan(work) && !(await isAnswered(deps, work))) await postpone(deps, work, 0);
  }
}

/** The rest of a large account's first snapshot is published by a message of its own. */
async function publishAll({ publish, queue }: HandleMessageDeps, work: SyncMessage): Promise<void> {
  if (!(await publish(work.accountId))) await queue.send(next(work));
}

/** Before the run: a snapshot that no run brings up to date any more grows older, and that is what is watched. */
async function measureAge({ metrics, scannedAt, now }: HandleMessageDeps, accountId: string): Promise<void> {
  const at = await scannedAt(accountId);
  if (at !== undefined) metrics.record("SyncAgeSeconds", Math.round((now() - at) / 1000), "Seconds");
}

async function isAnswered(
  deps: HandleMessageDeps,
  { accountId, requestedAt }: SyncMessage,
): Promise<boolean> {
  return ((await deps.scannedAt(accountId)) ?? Number.NEGATIVE_INFINITY) >= requestedAt;
}

const needsLaterScan = ({ trigger }: SyncMessage) => trigger === "request" || trigger === "hint";

async function postpone(
  { queue, log }: HandleMessageDeps,
  work: SyncMessage,
  afterMs = POSTPONE_MS,
): Promise<void> {
  if (work.postponed >= MAX_POSTPONED) {
    return log.warn("sync work dropped: the account's sync does not come to rest", {
      accountId: work.accountId,
      trigger: work.trigger,
    });
  }
  await queue.send({ ...work, postponed: work.postponed + 1 }, seconds(afterMs));
}

const next = (work: SyncMessage): SyncMessage => ({ ...work, postponed: 0 });
const seconds = (ms: number) => Math.ceil(ms / 1000);
