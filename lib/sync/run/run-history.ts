import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { SyncRun } from "../../contract/sync.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { historyKey } from "../sync-records.ts";

const MAX_RUNS = 50;

/** Fifty runs are much alike: packed they take two write units instead of ten. */
interface HistoryRecord {
  deflated: string;
}

/** Newest first. */
export async function readHistory(records: RecordStore, accountId: string): Promise<SyncRun[]> {
  return unpack((await records.read<HistoryRecord>(historyKey(accountId)))?.value);
}

/** A run that goes on after it failed is still one. */
export async function recordRun(records: RecordStore, accountId: string, run: SyncRun): Promise<void> {
  const key = historyKey(accountId);
  for (;;) {
    const stored = await records.read<HistoryRecord>(key);
    const others = unpack(stored?.value).filter(({ id }) => id !== run.id);
    const runs = [run, ...others].slice(0, MAX_RUNS);
    const value: HistoryRecord = { deflated: deflateRawSync(JSON.stringify(runs)).toString("base64") };
    if ((await records.compareAndSet(key, stored?.version ?? null, value)) !== undefined) return;
  }
}

function unpack(record: HistoryRecord | undefined): SyncRun[] {
  if (record === undefined) return [];
  return JSON.parse(inflateRawSync(Buffer.from(record.deflated, "base64")).toString("utf8"));
}
