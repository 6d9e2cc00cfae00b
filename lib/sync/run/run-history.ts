import type { SyncRun } from "../../contract/sync.ts";
import {
  type AccountRecords,
  type Compressed,
  compressValue,
  decompressValue,
} from "../snapshot/account-records.ts";
import type { Run } from "./run.ts";

export const HISTORY = "history";
const MAX_RUNS = 50;

/** Newest first. */
export async function readHistory(records: AccountRecords): Promise<SyncRun[]> {
  return (await records.readOnce<SyncRun[]>(HISTORY)) ?? [];
}

/**
 * Adds an ended run, or replaces its entry: a run that resumes after a failure stays one run. A former holder adds
 * nothing after a later one. Compressed, 50 runs cost two write units instead of ten.
 */
export async function recordRun({ records, lease, ...deps }: Run, ended: SyncRun): Promise<void> {
  const { generation } = lease;
  await records.update<Compressed & { generation: number }>(deps, HISTORY, async (stored) => {
    if (stored !== undefined && stored.generation > generation) return undefined;
    const known = stored === undefined ? [] : await decompressValue<SyncRun[]>(stored);
    const others = known.filter(({ id }) => id !== ended.id);
    const runs = await compressValue([ended, ...others].slice(0, MAX_RUNS));
    return { value: { ...runs, generation } };
  });
}
