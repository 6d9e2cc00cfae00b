import { ProblemError } from "../contract/problems.ts";
import { ConfigurationError } from "../platform/settings.ts";
import type { Translate } from "./stack.ts";

/** The problem for an error that any function may throw: a problem, or a wrong setting. */
export const translateCommon: Translate = (error) => {
  if (error instanceof ProblemError) return error;
  if (error instanceof ConfigurationError) {
    return new ProblemError("configuration_invalid", { retryAfterSeconds: 60, cause: error });
  }
  return undefined;
};
