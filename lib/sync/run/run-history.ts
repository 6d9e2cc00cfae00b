import type { SyncRun } from "../../contract/sync.ts";
import type { SyncRecords } from "../snapshot/sync-records.ts";
import type { Run } from "./run.ts";

/** Compressed: 50 runs cost two write units instead of ten. */
interface History {
  /** Of the run that wrote it. */
  generation: number;
  /** Newest first. */
  runs: SyncRun[];
}

// Another key than "history": a record of that key holds a list without the runs' generations.
const HISTORY = "runs";
const MAX_RUNS = 50;

export async function readHistory(records: SyncRecords): Promise<SyncRun[]> {
  return (await records.readCompressed<History>(HISTORY))?.runs ?? [];
}

/**
 * Adds an ended run, or replaces its entry: a run that resumes after a failure stays one run. A former holder adds
 * nothing after a later one.
 */
export async function recordRun({ records, lease, ...deps }: Run, ended: SyncRun): Promise<void> {
  const { generation } = lease;
  await records.updateCompressed<History>(deps, HISTORY, (stored = { generation, runs: [] }) => {
    if (stored.generation > generation) return undefined;
    const others = stored.runs.filter(({ id }) => id !== ended.id);
    return { generation, runs: [ended, ...others].slice(0, MAX_RUNS) };
  });
}
