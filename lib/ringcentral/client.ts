import { outOfTime, RingCentralError } from "./api/errors.ts";
import type { CallContext, Operation, OperationInput, RingCentral } from "./api/operation.ts";
import { type AttemptDeps, attemptCall } from "./attempt.ts";
import { parseBody } from "./http/parse-response.ts";
import type { HttpResponse } from "./http/transport.ts";
import { retryDelayMs } from "./retry.ts";
import { shareCalls } from "./shared-call.ts";

export interface RingCentralDeps extends AttemptDeps {
  /** Uniform in [0, 1). */
  random: () => number;
}

/**
 * The one way to RingCentral: admission, token, exchange, observation, parsing, and what may be repeated.
 *
 * - A 401 costs the token its life and the call one repetition with a new one; a second is kind `auth`.
 * - Reads are repeated on 5xx and dropped connections (see `retryDelayMs`), writes and 429 never.
 * - Identical reads in flight share one exchange, and each waits no longer than its own deadline.
 * - Every exchange, repeated or not, is admitted and observed by the rate limiter on its own.
 *
 * Besides RingCentralError, a call passes on ConfigurationError from the credentials, and throws TypeError before
 * anything is sent for an id or a query name that must not be.
 */
export function createRingCentral(deps: RingCentralDeps): RingCentral {
  const reads = shareCalls<HttpResponse>(deps.clock);

  return {
    async call<Output>(operation: Operation<Output>, input: OperationInput, context: CallContext) {
      const { deadline } = context;
      const answer =
        operation.method === "GET" && !context.fresh
          ? await reads.run(
              flightKey(operation, input, context),
              deadline,
              () => exchange(deps, operation, input, context),
              () => outOfTime(operation.name),
            )
          : await exchange(deps, operation, input, context);
      return readOutput(operation, answer, context);
    },
  };
}

/** The priority is part of it: a sync may be refused where an interactive call is let through. */
function flightKey(
  { name }: Operation<unknown>,
  { path, query }: OperationInput,
  context: CallContext,
): string {
  const { accountId, priority = "interactive", flight = "" } = context;
  const sorted = (record: object = {}) => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([name, accountId, priority, flight, sorted(path), sorted(query)]);
}

/** @returns the answer to the last attempt, which is a success */
async function exchange(
  deps: RingCentralDeps,
  operation: Operation<unknown>,
  input: OperationInput,
  context: CallContext,
): Promise<HttpResponse> {
  let retries = 0;
  let reauthenticated = false;
  for (let number = 1; ; number += 1) {
    const attempt = await attemptCall(deps, operation, input, context, number);
    if (attempt.ok) return attempt.answer;
    const { error, token } = attempt;
    if (error.failure.status === 401) {
      // A 401 is a refusal whatever the method, so a write may be sent again too.
      if (reauthenticated) throw new RingCentralError({ ...error.failure, kind: "auth" });
      reauthenticated = true;
      await deps.tokens.reject(token);
      continue;
    }
    const delayMs = retryDelayMs(operation, error, retries, context.deadline.remainingMs(), deps.random);
    if (delayMs === undefined) throw error;
    retries += 1;
    await deps.clock.sleep(delayMs);
  }
}

function readOutput<Output>(
  operation: Operation<Output>,
  answer: HttpResponse,
  { log }: CallContext,
): Output {
  // An operation without a schema answers nothing: its `Output` is `undefined`.
  if (operation.output === undefined) return undefined as Output;
  try {
    const output = parseBody(operation.name, answer, operation.output);
    const skippedRecords = countSkipped(output);
    if (skippedRecords > 0) {
      log.warn("ringcentral records left out", { operation: operation.name, skippedRecords });
    }
    return output;
  } catch (error) {
    log.warn("ringcentral answer unreadable", { operation: operation.name, error });
    throw error;
  }
}

/** Records without an id and the like, which `wireList` leaves out of an otherwise good page. */
function countSkipped(output: unknown): number {
  if (typeof output !== "object" || output === null || !("skippedRecords" in output)) return 0;
  return typeof output.skippedRecords === "number" ? output.skippedRecords : 0;
}
