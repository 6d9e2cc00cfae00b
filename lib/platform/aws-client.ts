/** Options that every AWS client has: bounded attempts, the first included, each with a time limit. */
export function clientOptions(
  maxAttempts: number,
  attemptTimeoutMs: number,
  connectTimeoutMs = attemptTimeoutMs,
) {
  return {
    maxAttempts,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: attemptTimeoutMs,
      throwOnRequestTimeout: true,
    },
  };
}

/** The SDK's name of an error: its class and code in one. */
export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : "unknown failure";
}
