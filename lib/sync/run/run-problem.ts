import { type ProblemCode, problems } from "../../contract/problems.ts";
import type { SyncProblem } from "../../contract/sync.ts";
import { RingCentralError, type RingCentralFailure } from "../../ringcentral/api/errors.ts";
import type { ListUnsteady } from "./scan.ts";

/** Why a run came to nothing, for those who ask for the sync's status. Instants are epoch milliseconds. */
export function problemOf(error: RingCentralError | ListUnsteady, now: number): SyncProblem {
  if (error instanceof RingCentralError) {
    const { operation, status, errorCode } = error.failure;
    const what = [status, errorCode].filter((part) => part !== undefined).join(" ");
    return entry(codeOf(error.failure), `${operation}: ${what || error.failure.kind}.`, now);
  }
  return entry("upstream_error", "RingCentral's list of numbers changed each time while it was read.", now);
}

function entry(code: ProblemCode, detail: string, now: number): SyncProblem {
  const { title, retryable } = problems[code];
  return { code, title, detail, retryable, at: new Date(now).toISOString() };
}

function codeOf({ kind, status, errorCode }: RingCentralFailure): ProblemCode {
  switch (kind) {
    case "auth":
      return "upstream_auth_failed";
    case "rate_limited":
      return "upstream_rate_limited";
    case "unavailable":
      return "upstream_unavailable";
    case "timeout":
      return "upstream_timeout";
    case "broken":
      return "upstream_error";
    default:
      if (errorCode === "CMN-401") return "upstream_app_permission_missing";
      if (status === 401) return "upstream_auth_failed";
      if (status === 403) return "upstream_permission_denied";
      return status === 404 ? "not_found" : "upstream_error";
  }
}
