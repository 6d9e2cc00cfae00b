/** What is worth a metric or a log line. */
export type SyncEvent =
  /** A run goes on that another process had begun, or this one in an earlier invocation. */
  | { type: "resumed"; runId: string; pagesDone: number }
  /** What an earlier process had staged is of no use any more. */
  | { type: "started_over"; runId: string; reason: "too_old" | "overtaken" | "fingerprint" | "stage_lost" }
  /** The list changed while it was read. */
  | { type: "sweep_again"; runId: string; reason: "page_size" | "total" | "count" | "no_progress" }
  /** Numbers that a whole sweep did not hold and that are there all the same. */
  | { type: "missed_by_sweep"; runId: string; count: number }
  | { type: "quarantined"; runId: string; reason: string; removed: number }
  | { type: "committed"; runId: string; version: number; added: number; updated: number; removed: number }
  /** Another process has taken over; what this one did since is lost. */
  | { type: "fenced_off"; runId: string }
  | { type: "collected"; upToVersion: number; chunks: number };

export type OnSyncEvent = (event: SyncEvent) => void;
