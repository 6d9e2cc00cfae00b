import type { Clock } from "../platform/clock.ts";
import { canonicalJson } from "../platform/content-tag.ts";
import type { Deadline } from "../platform/deadline.ts";
import type { WaitLimit } from "../platform/wait-limit.ts";
import { StorageUnavailable, TableWaitOver } from "./errors.ts";
import type { RecordKey, RecordStore } from "./record-store.ts";

const MAX_TRIES = 4;
const FIRST_PAUSE_MS = 150;

/**
 * Retries storage calls for background work that is expensive to redo, within the deadline. A write without a response
 * may have taken effect. When its retry fails the condition and the record holds the value to write, the first attempt
 * succeeded. So two processes must not write equal values to a record for different reasons.
 * @param tableWait the request's: the pauses between tries count as waits for the table
 * @throws StorageUnavailable after the last try
 */
export function retryingRecords(
  records: RecordStore,
  clock: Clock,
  deadline: Deadline,
  tableWait?: WaitLimit,
): RecordStore {
  const leftMs = () => Math.min(deadline.remainingMs(), tableWait?.mostMs() ?? Number.POSITIVE_INFINITY);
  async function persist<Result>(act: (isRepeated: boolean) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await act(attempt > 1);
      } catch (error) {
        const pauseMs = FIRST_PAUSE_MS * 2 ** (attempt - 1);
        const isOver = attempt === MAX_TRIES || leftMs() <= pauseMs || error instanceof TableWaitOver;
        if (!(error instanceof StorageUnavailable) || isOver) throw error;
        const since = clock.now();
        await clock.sleep(pauseMs);
        tableWait?.count(since);
      }
    }
  }
  async function isThere(key: RecordKey, version: number, value: unknown): Promise<boolean> {
    const stored = await records.read(key);
    return stored?.version === version && canonicalJson(stored.value) === canonicalJson(value);
  }
  return {
    read: (key) => persist(() => records.read(key)),
    compareAndSet: (key, expected, value, options) =>
      persist(async (isRepeated) => {
        const version = await records.compareAndSet(key, expected, value, options);
        if (version !== undefined || !isRepeated) return version;
        const written = (expected ?? 0) + 1;
        return (await isThere(key, written, value)) ? written : undefined;
      }),
    remove: (key, expected) =>
      persist(async (isRepeated) => {
        const isRemoved = await records.remove(key, expected);
        return isRemoved || (isRepeated && (await records.read(key)) === undefined);
      }),
  };
}
