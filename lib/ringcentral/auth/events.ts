import type { FailureKind } from "../api/errors.ts";

/** Events for metrics and log lines. They never carry a token or a secret. */
export type TokenEvent =
  | { type: "login"; generation: number; durationMs: number }
  | { type: "login_failed"; kind: FailureKind; errorCode?: string; durationMs: number }
  /** A login succeeded after its lease was lost; its token was dropped. */
  | { type: "fenced_off"; fence: number }
  /** The stored token opens with no secret that this process can get. */
  | { type: "unreadable"; generation: number }
  /** The table is unavailable: this process uses its own token, or has none. */
  | { type: "degraded"; how: "token_not_stored" | "no_token" };

export type OnTokenEvent = (event: TokenEvent) => void;
