import type { SyncProgress, SyncStatus } from "../contract/sync.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { RecordStore } from "../storage/record-store.ts";
import type { Checkpoint } from "./run/checkpoint.ts";
import { readQuarantine } from "./run/quarantine.ts";
import { readHistory } from "./run/run-history.ts";
import { readRun } from "./run/run-lease.ts";
import { readHead } from "./snapshot/head.ts";
import { SyncRecords } from "./snapshot/sync-records.ts";
import { QUEUED, type Requested, takenUpUntil } from "./sync-request.ts";

/** A run without progress for this long counts as abandoned. */
const IDLE_AFTER_MS = 60 * 60 * 1000;
/** RingCentral's default budget: ten Heavy calls a minute. [docs: RATE] */
const SECONDS_PER_PAGE = 6;

/** `GET /v1/sync`, for one account. Costs five small reads of the table. */
export async function getSyncStatus(
  deps: { records: RecordStore; now: () => number },
  { accountId }: { accountId: string },
): Promise<SyncStatus> {
  const records = new SyncRecords(deps.records, accountId);
  const [head, stored, history, queued] = await Promise.all([
    readHead(records),
    readRun(records),
    readHistory(records),
    records.read<Requested>(QUEUED),
  ]);
  const quarantine = await readQuarantine(records, head);
  const now = deps.now();
  const [last] = history;
  const { generation, leaseUntil = 0, checkpoint } = stored?.value ?? {};
  // A run that was killed after its commit may still hold its lease.
  const hasEnded = generation === head.checkedBy;
  const isRunning = !hasEnded && leaseUntil > now;
  // A failed run's checkpoint is kept in case a later run resumes it.
  const isUnderWay = checkpoint !== undefined && checkpoint.runId !== last?.id;
  const isPaused = !hasEnded && isUnderWay && now - checkpoint.updatedAt < IDLE_AFTER_MS;
  const queuedAt = queued?.value.at ?? 0;
  const isQueued = queuedAt > takenUpUntil(checkpoint, head, last) && now - queuedAt < IDLE_AFTER_MS;
  const failed = last?.state === "failed" ? last : undefined;
  const idle = quarantine !== undefined ? "quarantined" : failed !== undefined ? "failed" : "idle";
  const state: SyncStatus["state"] = isRunning || isPaused ? "running" : isQueued ? "queued" : idle;
  return omitUndefined({
    accountId,
    state,
    lastSuccessAt: head.latest && iso(head.checkedAt),
    progress: checkpoint && state === "running" ? progressOf(checkpoint) : undefined,
    problem: failed?.problem,
    quarantine:
      quarantine &&
      omitUndefined({
        since: iso(quarantine.since),
        reason: quarantine.reason,
        revision: quarantine.removedHash,
        removed: quarantine.removed,
        numbers: quarantine.numbers,
      }),
    history,
  });
}

function progressOf(checkpoint: Checkpoint): SyncProgress {
  const { startedAt, furthestPage: pagesDone, totalPages, numbersSeen, isScanned } = checkpoint;
  const { secondsPerPage = SECONDS_PER_PAGE } = checkpoint;
  const pagesLeft = isScanned ? 0 : totalPages && Math.max(0, totalPages - pagesDone);
  const etaSeconds = pagesLeft === undefined ? undefined : Math.ceil(pagesLeft * secondsPerPage);
  return omitUndefined({ startedAt: iso(startedAt), pagesDone, totalPages, numbersSeen, etaSeconds });
}

const iso = (at: number) => new Date(at).toISOString();
