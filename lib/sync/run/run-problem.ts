import { type ProblemCode, problems } from "../../contract/problems.ts";
import type { SyncProblem } from "../../contract/sync.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import type { Run } from "./run.ts";
import type { ListUnsteady } from "./scan.ts";

/** Why a run failed, for the sync's status. */
export function problemOf(run: Run, error: RingCentralError | ListUnsteady): SyncProblem {
  const { code, detail } = describe(run, error);
  const { title, retryable } = problems[code];
  return { code, title, detail, retryable, at: new Date(run.clock.now()).toISOString() };
}

function describe(run: Run, error: RingCentralError | ListUnsteady): { code: ProblemCode; detail: string } {
  if (!(error instanceof RingCentralError)) {
    const detail = "RingCentral's list of numbers changed each time while it was read.";
    return { code: "upstream_error", detail };
  }
  const { operation, kind, status, errorCode } = error.failure;
  const { code } = run.problemOf(error);
  const what = [status, errorCode].filter((part) => part !== undefined).join(" ");
  return {
    // No caller sent the parameter that RingCentral rejected.
    code: code === "parameter_invalid" ? "upstream_error" : code,
    detail: `${operation}: ${what || kind}.`,
  };
}
