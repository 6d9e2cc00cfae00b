import type { SyncRun } from "../../contract/sync.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { type UpdateDeps, updateRecord } from "../../storage/update-record.ts";
import { type Compressed, compressValue, decompressValue } from "../snapshot/compressed-records.ts";
import { historyKey } from "../snapshot/sync-records.ts";

const MAX_RUNS = 50;

/** Compressed: 50 runs cost two write units instead of ten. Newest first. */
export async function readHistory(records: RecordStore, accountId: string): Promise<SyncRun[]> {
  return runsOf((await records.read<Compressed>(historyKey(accountId)))?.value);
}

/** Adds an ended run, or replaces its entry: a run that resumes after a failure stays one run. */
export async function recordRun(deps: UpdateDeps, accountId: string, run: SyncRun): Promise<void> {
  await updateRecord<Compressed>(deps, historyKey(accountId), async (stored) => {
    const others = (await runsOf(stored)).filter(({ id }) => id !== run.id);
    return { value: await compressValue([run, ...others].slice(0, MAX_RUNS)) };
  });
}

async function runsOf(record: Compressed | undefined): Promise<SyncRun[]> {
  return record === undefined ? [] : decompressValue<SyncRun[]>(record);
}
