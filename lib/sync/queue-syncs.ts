import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/logger.ts";
import type { MessageQueue } from "../platform/message-queue.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { RecordStore } from "../storage/record-store.ts";
import type { SyncMessage } from "./queue/handle-message.ts";
import { readQuarantine } from "./run/quarantine.ts";
import { type RunRecord, readRun } from "./run/run-lease.ts";
import { type Head, readHead } from "./snapshot/head.ts";
import { SyncRecords } from "./snapshot/sync-records.ts";
import { type AccountSettings, forEachAccount, readAccounts } from "./synced-accounts.ts";

/** Time between two calls of the schedule. */
export const TICK_MS = 15 * 60_000;
const NUMBERS_PER_PAGE = 1_000;
/** RingCentral allows ten Heavy calls a minute [docs: RATE]; the sync leaves three of them to callers. */
const PAGE_MS = 60_000 / 7;
/** Accounts start spread over this time, so that they do not reach the queue's consumers at once. */
const SPREAD_MS = 60_000;

interface QueueSyncsDeps {
  records: RecordStore;
  queue: MessageQueue;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  areCredentialsRejected(accountId: string): Promise<boolean>;
}

/**
 * Queues a sync of each account that is due, and measures the state of all: alarms must see what no longer runs. The
 * scheduler may repeat the call.
 * @throws the first failure, after all accounts
 */
export async function queueSyncs(
  deps: QueueSyncsDeps,
  settings: AccountSettings,
): Promise<{ queued: number }> {
  const { records: store, queue, clock, log, metrics } = deps;
  const accounts = await readAccounts(store, settings);
  if (accounts.length === 0)
    log.warn("neither SYNC_ACCOUNTS nor the table names an account: nothing to sync");
  const states = await forEachAccount(accounts, log, "sync not queued", async (accountId, index) => {
    const records = new SyncRecords(store, accountId);
    const [head, run, isRejected] = await Promise.all([
      readHead(records),
      readRun(records),
      deps.areCredentialsRejected(accountId),
    ]);
    const requestedAt = clock.now();
    const isQueued = isDue(head, run?.value, requestedAt);
    if (isQueued) {
      const message: SyncMessage = { accountId, trigger: "schedule", requestedAt, postponed: 0 };
      await queue.send(message, Math.floor((index * SPREAD_MS) / accounts.length / 1000));
    }
    const isQuarantined = (await readQuarantine(records, head)) !== undefined;
    const ageMs = head.latest && requestedAt - head.checkedAt;
    const isLate = ageMs === undefined || ageMs > 2 * syncIntervalMs(head.total);
    // The metrics count accounts; this line names them.
    if (isRejected || isQuarantined || isLate) {
      const age = ageMs === undefined ? "never synced" : `synced ${Math.round(ageMs / 60_000)} minutes ago`;
      log.warn("account needs attention", { accountId, age, isLate, isQuarantined, isRejected });
    }
    return { isQueued, isRejected, isQuarantined, ageMs };
  });
  const ages = states.flatMap(({ ageMs }) => ageMs ?? []);
  if (ages.length > 0) metrics.record("SyncAgeSeconds", Math.round(Math.max(...ages) / 1000), "Seconds");
  metrics.record("AccountsNeverSynced", states.length - ages.length, "Count");
  metrics.record("AccountsQuarantined", states.filter((state) => state.isQuarantined).length, "Count");
  metrics.record("CredentialsRejected", states.filter((state) => state.isRejected).length, "Count");
  return { queued: states.filter((state) => state.isQueued).length };
}

/** Readings of a directory in each tick: a queue holds a message back for 15 minutes at most. */
const READINGS_PER_TICK = 3;

/**
 * Queues the readings of each served account's directory until the next tick, every five minutes.
 * @throws the first failure, after all accounts
 */
export async function queueDirectoryReadings(
  { queue, clock, log }: Pick<QueueSyncsDeps, "queue" | "clock" | "log">,
  { SERVED_ACCOUNTS: served }: AccountSettings,
): Promise<void> {
  const everyMs = TICK_MS / READINGS_PER_TICK;
  await forEachAccount(served, log, "directory reading not queued", async (accountId, index) => {
    const about = { accountId, kind: "directory", trigger: "schedule", postponed: 0 } as const;
    for (let reading = 0; reading < READINGS_PER_TICK; reading += 1) {
      const delayMs = reading * everyMs + (index * SPREAD_MS) / served.length;
      const message: SyncMessage = { ...about, requestedAt: clock.now() + reading * everyMs };
      await queue.send(message, Math.floor(delayMs / 1000));
    }
  });
}

/** Whether the schedule queues a sync now, because the next tick would be too late. */
export function isDue(head: Head, run: RunRecord | undefined, now: number): boolean {
  const { checkpoint, generation, startedAt = 0 } = run ?? {};
  const isUnderWay = checkpoint !== undefined && generation !== head.checkedBy;
  // Its own message continues such a run; when that message is lost, the next tick does.
  if (isUnderWay && now - checkpoint.updatedAt < TICK_MS) return false;
  // After a run that failed or was quarantined the next one waits as long as after a success.
  const lastAt = isUnderWay ? head.checkedAt : Math.max(head.checkedAt, startedAt);
  return now - lastAt > syncIntervalMs(head.total) - TICK_MS;
}

/** An account's interval between two syncs: twice the time that one takes, in whole ticks. */
export function syncIntervalMs(numbers: number): number {
  const scanMs = Math.ceil(numbers / NUMBERS_PER_PAGE) * PAGE_MS;
  return TICK_MS * Math.max(1, Math.ceil((2 * scanMs) / TICK_MS));
}
