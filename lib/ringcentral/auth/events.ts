import type { FailureKind } from "../api/errors.ts";

/** What is worth a metric or a log line. Never carries a token or a secret. */
export type TokenEvent =
  | { type: "login"; generation: number; durationMs: number }
  | { type: "login_failed"; kind: FailureKind; errorCode?: string; durationMs: number }
  /** A login succeeded after its lease was lost; its token was dropped. */
  | { type: "fenced_off"; fence: number }
  /** The stored token opens with no secret this process can get. */
  | { type: "unreadable"; generation: number }
  /** The table is unavailable: this process goes on with a token of its own, or (`gave_up`) without one. */
  | { type: "degraded"; how: "token_not_stored" | "local_login" | "gave_up" };

export type OnTokenEvent = (event: TokenEvent) => void;
