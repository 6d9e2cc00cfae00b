import { type ProblemCode, problems } from "../../contract/problems.ts";
import type { SyncProblem } from "../../contract/sync.ts";
import { SecretUnavailableError } from "../../platform/credentials.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import { Interrupted, type Run } from "./run.ts";
import { ListUnreadable } from "./scan.ts";

/** What ends a run as failed, unless it is waited out. */
export type RunFailure = RingCentralError | SecretUnavailableError | ListUnreadable | Interrupted;

const failures = [RingCentralError, SecretUnavailableError, ListUnreadable, Interrupted];
export const isRunFailure = (error: unknown): error is RunFailure =>
  failures.some((failure) => error instanceof failure);

/** Why a run failed, for the sync's status. */
export function problemOf(run: Run, error: RunFailure): SyncProblem {
  const { code, detail } = describe(run, error);
  const { title, retryable } = problems[code];
  return { code, title, detail, retryable, at: new Date(run.clock.now()).toISOString() };
}

function describe(run: Run, error: RunFailure): { code: ProblemCode; detail: string } {
  if (error instanceof Interrupted)
    return { code: "internal", detail: "No invocation had time for one call." };
  if (error instanceof SecretUnavailableError) {
    return { code: "credentials_unavailable", detail: "RingCentral's credentials could not be read." };
  }
  if (error instanceof ListUnreadable) {
    const detail = "RingCentral's list of numbers could not be read to its end.";
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
