import type { SyncProgress, SyncRun, SyncStatus } from "../contract/sync.ts";
import type { RecordStore } from "../storage/record-store.ts";
import { readQuarantine } from "./run/quarantine.ts";
import { readHistory } from "./run/run-history.ts";
import { type Checkpoint, countStaged, type RunRecord } from "./run/run-lease.ts";
import { readHead } from "./snapshot/snapshot-store.ts";
import { queuedKey, runKey } from "./sync-records.ts";

/** A run that has not moved for so long has been given up by whoever was to go on with it. */
const IDLE_AFTER_MS = 60 * 60 * 1000;
/** RingCentral's default budget: ten Heavy calls a minute. [docs: RATE] */
const SECONDS_PER_PAGE = 6;

interface QueuedRecord {
  /** Epoch milliseconds: when a sync was last asked for. */
  at: number;
}

/** How an account's sync stands, with dates in ISO. Costs five small reads of the table. */
export async function readSyncStatus(
  { records, now }: { records: RecordStore; now: () => number },
  accountId: string,
): Promise<SyncStatus> {
  const [{ head }, stored, quarantine, history, queued] = await Promise.all([
    readHead(records, accountId),
    records.read<RunRecord>(runKey(accountId)),
    readQuarantine(records, accountId),
    readHistory(records, accountId),
    records.read<QueuedRecord>(queuedKey(accountId)),
  ]);
  const [last] = history;
  const run = stored?.value;
  const isRunning = run !== undefined && isUnderWay(run, last, now());
  const progress = isRunning && run.checkpoint ? progressOf(run.checkpoint) : undefined;
  const begunAt = Math.max(
    run?.checkpoint?.startedAt ?? 0,
    last === undefined ? 0 : Date.parse(last.startedAt),
  );
  const queuedAt = queued?.value.at ?? 0;
  const isQueued = queuedAt > begunAt && now() - queuedAt < IDLE_AFTER_MS;
  const problem = last?.state === "failed" ? last.problem : undefined;
  return {
    accountId,
    state: isRunning
      ? "running"
      : isQueued
        ? "queued"
        : quarantine !== undefined
          ? "quarantined"
          : last?.state === "failed"
            ? "failed"
            : "idle",
    ...(head.latest && { lastSuccessAt: iso(head.checkedAt) }),
    ...(progress && { progress }),
    ...(problem && { problem }),
    ...(quarantine && {
      quarantine: { since: iso(quarantine.since), reason: quarantine.reason, removed: quarantine.removed },
    }),
    history,
  };
}

/** Notes that a sync was asked for, until one begins. */
export async function queueSync(
  { records, now }: { records: RecordStore; now: () => number },
  accountId: string,
): Promise<void> {
  const key = queuedKey(accountId);
  const stored = await records.read<QueuedRecord>(key);
  const value: QueuedRecord = { at: now() };
  // Whoever was first has just noted the same.
  await records.compareAndSet(key, stored?.version ?? null, value);
}

function isUnderWay({ leaseUntil, checkpoint }: RunRecord, last: SyncRun | undefined, now: number): boolean {
  if (leaseUntil > now) return true;
  // It failed, and keeps what it has read in case that somebody goes on.
  if (checkpoint?.runId === last?.id) return false;
  return checkpoint !== undefined && now - checkpoint.updatedAt < IDLE_AFTER_MS;
}

function progressOf(checkpoint: Checkpoint): SyncProgress {
  const { startedAt, totalPages, numbersSeen, isSwept, secondsPerPage = SECONDS_PER_PAGE } = checkpoint;
  const pagesDone = countStaged(checkpoint.pages);
  const pagesLeft = isSwept ? 0 : totalPages === undefined ? undefined : Math.max(0, totalPages - pagesDone);
  return {
    startedAt: iso(startedAt),
    pagesDone,
    ...(totalPages !== undefined && { totalPages }),
    numbersSeen,
    ...(pagesLeft !== undefined && { etaSeconds: Math.ceil(pagesLeft * secondsPerPage) }),
  };
}

const iso = (at: number) => new Date(at).toISOString();
