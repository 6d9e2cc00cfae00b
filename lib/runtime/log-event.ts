import type { Logger } from "../platform/logger.ts";
import type { TokenEvent } from "../ringcentral/auth/ports.ts";
import type { RateLimitEvent } from "../ringcentral/rate-limit/ports.ts";
import type { SyncEvent } from "../sync/run/run.ts";

type AnyEvent = TokenEvent | RateLimitEvent | SyncEvent;
type Messages<Event extends AnyEvent> = Readonly<Record<Event["type"], string>>;

export const tokenMessages: Messages<TokenEvent> = {
  login: "logged in to RingCentral",
  login_failed: "login to RingCentral failed",
  session_ended: "RingCentral has ended a user's session",
  fenced_off: "new access token discarded: another process logged in meanwhile",
  unreadable: "the stored access token opens with no current secret",
  degraded: "the table cannot share the access token",
};

export const rateLimitMessages: Messages<RateLimitEvent> = {
  paused: "calls to a RingCentral group are paused",
  resumed: "calls to a RingCentral group are resumed",
  probe: "one call tests whether a pause has ended",
  limit_learned: "RingCentral's limit differs from the one in use",
  group_renamed: "RingCentral counts an operation in another group",
  external_usage: "another client uses the same RingCentral budget",
  contention: "too many processes wrote the budget record at once",
  degraded: "the table cannot share the budgets: the fallback limiter is in use",
  recovered: "the table shares the budgets again",
};

export const syncMessages: Messages<SyncEvent> = {
  resumed: "sync continues a saved run",
  started_over: "sync starts over: the saved pages are unusable",
  scan_restarted: "sync scans again: the pages did not make one list",
  stepped_back: "sync reads a page again: the list became shorter",
  missed_by_scan: "sync kept numbers that the scan missed",
  quarantined: "sync removed nothing: the missing numbers are quarantined",
  committed: "sync committed a new version",
  fenced_off: "sync stopped: another process took its lease",
  collected: "sync deleted old versions",
};

/** Logs an event with a sentence for it. Operators filter by `event.type`. */
export function logEvent<Event extends AnyEvent>(log: Logger, messages: Messages<Event>, event: Event): void {
  const type: Event["type"] = event.type;
  log[type === "login_failed" ? "warn" : "info"](messages[type], { event });
}
