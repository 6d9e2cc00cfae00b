import type { SyncProgress, SyncRun, SyncStatus } from "../contract/sync.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { RecordStore } from "../storage/record-store.ts";
import { type Checkpoint, countStaged } from "./run/checkpoint.ts";
import { readQuarantine } from "./run/quarantine.ts";
import { readHistory } from "./run/run-history.ts";
import type { RunRecord } from "./run/run-lease.ts";
import { readHead } from "./snapshot/snapshot-store.ts";
import { type QueuedRecord, queuedKey, runKey } from "./snapshot/sync-records.ts";

/** A run without progress for this long counts as abandoned. */
const IDLE_AFTER_MS = 60 * 60 * 1000;
/** RingCentral's default budget: ten Heavy calls a minute. [docs: RATE] */
const SECONDS_PER_PAGE = 6;

interface StatusDeps {
  records: RecordStore;
  now: () => number;
}

/** `GET /v1/sync`: the caller's one account. */
export async function getSyncStatus(
  deps: StatusDeps,
  { accountId }: { accountId: string },
): Promise<SyncStatus[]> {
  return [await readSyncStatus(deps, accountId)];
}

/** State of an account's sync, with dates in ISO. Costs five small reads of the table. */
export async function readSyncStatus({ records, now }: StatusDeps, accountId: string): Promise<SyncStatus> {
  const [head, stored, quarantine, history, queued] = await Promise.all([
    readHead(records, accountId),
    records.read<RunRecord>(runKey(accountId)),
    readQuarantine(records, accountId),
    readHistory(records, accountId),
    records.read<QueuedRecord>(queuedKey(accountId)),
  ]);
  const [last] = history;
  const run = stored?.value;
  const isRunning = run !== undefined && isUnderWay(run, last, now());
  const startedAt = Math.max(
    run?.checkpoint?.startedAt ?? 0,
    last === undefined ? 0 : Date.parse(last.startedAt),
  );
  const queuedAt = queued?.value.at ?? 0;
  const isQueued = queuedAt > startedAt && now() - queuedAt < IDLE_AFTER_MS;
  const failed = last?.state === "failed" ? last : undefined;
  const idle = quarantine !== undefined ? "quarantined" : failed !== undefined ? "failed" : "idle";
  const state: SyncStatus["state"] = isRunning ? "running" : isQueued ? "queued" : idle;
  return omitUndefined({
    accountId,
    state,
    lastSuccessAt: head.latest && iso(head.checkedAt),
    progress: isRunning && run.checkpoint ? progressOf(run.checkpoint) : undefined,
    problem: failed?.problem,
    quarantine: quarantine && {
      since: iso(quarantine.since),
      reason: quarantine.reason,
      removed: quarantine.removed,
    },
    history,
  });
}

function isUnderWay({ leaseUntil, checkpoint }: RunRecord, last: SyncRun | undefined, now: number): boolean {
  if (leaseUntil > now) return true;
  // The run has failed; its checkpoint is kept in case a later run resumes it.
  if (checkpoint?.runId === last?.id) return false;
  return checkpoint !== undefined && now - checkpoint.updatedAt < IDLE_AFTER_MS;
}

function progressOf(checkpoint: Checkpoint): SyncProgress {
  const { startedAt, totalPages, numbersSeen, isScanned, secondsPerPage = SECONDS_PER_PAGE } = checkpoint;
  const pagesDone = countStaged(checkpoint.pages);
  const pagesLeft = isScanned
    ? 0
    : totalPages === undefined
      ? undefined
      : Math.max(0, totalPages - pagesDone);
  return omitUndefined({
    startedAt: iso(startedAt),
    pagesDone,
    totalPages,
    numbersSeen,
    etaSeconds: pagesLeft === undefined ? undefined : Math.ceil(pagesLeft * secondsPerPage),
  });
}

const iso = (at: number) => new Date(at).toISOString();
