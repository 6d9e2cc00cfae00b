import { ProblemError } from "../contract/problems.ts";
import { SecretUnavailableError } from "../platform/credentials.ts";
import { RingCentralError } from "../ringcentral/api/errors.ts";
import { StorageUnavailable } from "../storage/errors.ts";
import type { Translate } from "./problem.ts";
import { upstreamProblem } from "./upstream-problem.ts";

/** The problem for an error that a function with RingCentral and the table may throw. */
export const translate: Translate = (error) => {
  if (error instanceof RingCentralError) return upstreamProblem(error);
  if (error instanceof SecretUnavailableError) {
    return new ProblemError("credentials_unavailable", { retryAfterSeconds: 5, cause: error });
  }
  if (error instanceof StorageUnavailable) {
    return new ProblemError("storage_unavailable", { retryAfterSeconds: 2, cause: error });
  }
  return undefined;
};
