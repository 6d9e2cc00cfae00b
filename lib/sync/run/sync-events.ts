import type { StaleReason } from "./checkpoint.ts";

/** Events of a run, for metrics and the log. */
export type SyncEvent =
  /** Resumes a run that another process or an earlier invocation began. */
  | { type: "resumed"; runId: string; pagesDone: number }
  /** The staged pages are unusable. */
  | { type: "started_over"; runId: string; reason: StaleReason }
  /** The pages did not make one list. */
  | { type: "scan_restarted"; runId: string; reason: "page_size" | "count" | "no_progress" }
  /** The list became shorter before this page was read: the page before it is read again. */
  | { type: "stepped_back"; runId: string; page: number }
  /** Numbers that exist although the full scan did not show them. */
  | { type: "missed_by_scan"; runId: string; count: number }
  | { type: "quarantined"; runId: string; reason: string; removed: number }
  | { type: "committed"; runId: string; version: number; added: number; updated: number; removed: number }
  /** Another process has taken the lease; unsaved work of this one is lost. */
  | { type: "fenced_off"; runId: string }
  | { type: "collected"; upToVersion: number; chunks: number };
