import type { Clock } from "../platform/clock.ts";
import { type Share, WaitLimit } from "../platform/wait-limit.ts";
import { StorageUnavailable, TableWaitOver } from "./errors.ts";
import type { RecordStore } from "./record-store.ts";

/** What reads that only save a call leave of the wait: without a permit there is no call. */
export const PERMIT_WAIT_MS = 550;

/** The wait for the table that one request may have in all. With it, a request says within 2 s that the table is slow. */
export function createTableWait(clock: Clock): WaitLimit {
  const reason = "the request has waited long enough";
  return new WaitLimit(clock, {
    late: () => new StorageUnavailable(reason),
    over: () => new TableWaitOver(reason),
  });
}

const unlimited = new WeakMap<RecordStore, RecordStore>();

/** The store behind a limited one. */
export const unlimitedRecords = (records: RecordStore): RecordStore => unlimited.get(records) ?? records;

/** The store, each of its calls limited; one that is limited already, with this share instead. */
export function limitedRecords(store: RecordStore, tableWait: WaitLimit, share?: Share): RecordStore {
  const records = unlimitedRecords(store);
  const limited: RecordStore = {
    read: (key) => tableWait.limit(() => records.read(key), share),
    compareAndSet: (...write) => tableWait.limit(() => records.compareAndSet(...write), share),
    remove: (...removal) => tableWait.limit(() => records.remove(...removal), share),
  };
  unlimited.set(limited, records);
  return limited;
}

/** The store without its writes. */
export function readOnly({ read }: RecordStore): RecordStore {
  const reject = () => Promise.reject(new Error("nothing may be written now"));
  return { read, compareAndSet: reject, remove: reject };
}
