import type { Logger } from "../../platform/logger.ts";
import type { MessageQueue } from "../../platform/message-queue.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { SyncOutcome } from "../run/run-sync.ts";
import type { SyncWork } from "./sync-message.ts";

export interface SyncWorkDeps {
  run(work: SyncWork): Promise<SyncOutcome>;
  /** Epoch milliseconds: when the last sweep began that was seen through; undefined before the first. */
  sweptAt(accountId: string): Promise<number | undefined>;
  /** Publishes what has not been published yet, as far as there is time. @returns whether that was all */
  publish(accountId: string): Promise<boolean>;
  queue: MessageQueue;
  metrics: Metrics;
  now: () => number;
  log: Logger;
}

/** The message goes back to the queue, and after some more tries to the dead-letter queue. */
export class SyncWorkFailed extends Error {
  constructor(accountId: string, reason: string) {
    super(`sync of account ${accountId}: ${reason}`);
    this.name = "SyncWorkFailed";
  }
}

/** While another sync of the account is at work. */
const POSTPONE_MS = 60_000;
/** For longer than the largest account takes; then the schedule comes round again. */
const MAX_POSTPONED = 30;

/**
 * Does the work of one message. Doing it twice does no harm: a message that a later sweep has answered already
 * only publishes what may be left to publish.
 * @throws SyncWorkFailed, StorageUnavailable, QueueUnavailable, EventBusUnavailable: deliver the message again
 */
export async function doSyncWork(deps: SyncWorkDeps, work: SyncWork): Promise<void> {
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
      throw new SyncWorkFailed(accountId, outcome.problem?.code ?? "failed");
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
      if (wantsLaterSweep(work) && !(await isAnswered(deps, work))) await postpone(deps, work, 0);
  }
}

/** The rest of a large account's first snapshot is published by a message of its own. */
async function publishAll({ publish, queue }: SyncWorkDeps, work: SyncWork): Promise<void> {
  if (!(await publish(work.accountId))) await queue.send(next(work));
}

/** Before the run: a snapshot that no run brings up to date any more grows older, and that is what is watched. */
async function measureAge({ metrics, sweptAt, now }: SyncWorkDeps, accountId: string): Promise<void> {
  const at = await sweptAt(accountId);
  if (at !== undefined) metrics.record("SyncAgeSeconds", Math.round((now() - at) / 1000), "Seconds");
}

async function isAnswered(deps: SyncWorkDeps, { accountId, requestedAt }: SyncWork): Promise<boolean> {
  return ((await deps.sweptAt(accountId)) ?? Number.NEGATIVE_INFINITY) >= requestedAt;
}

const wantsLaterSweep = ({ trigger }: SyncWork) => trigger === "request" || trigger === "hint";

async function postpone({ queue, log }: SyncWorkDeps, work: SyncWork, afterMs = POSTPONE_MS): Promise<void> {
  if (work.postponed >= MAX_POSTPONED) {
    return log.warn("sync work dropped: the account's sync does not come to rest", {
      accountId: work.accountId,
      trigger: work.trigger,
    });
  }
  await queue.send({ ...work, postponed: work.postponed + 1 }, seconds(afterMs));
}

const next = (work: SyncWork): SyncWork => ({ ...work, postponed: 0 });
const seconds = (ms: number) => Math.ceil(ms / 1000);
