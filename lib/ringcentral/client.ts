import { SecretUnavailableError } from "../platform/credentials.ts";
import { createSingleFlight } from "../platform/single-flight.ts";
import { type FailureKind, outOfTime, RingCentralError } from "./api/errors.ts";
import type { CallContext, Operation, OperationInput, RingCentral } from "./api/operation.ts";
import { countSkipped } from "./api/wire-list.ts";
import { type AttemptDeps, attemptCall } from "./attempt.ts";
import { parseBody } from "./http/parse-response.ts";
import type { HttpResponse } from "./http/transport.ts";

export interface RingCentralDeps extends AttemptDeps {
  /** Uniform in [0, 1). */
  random: () => number;
}

/** A rehearsal has come to a call. */
class Rehearsed extends Error {}

/**
 * The only way to RingCentral: admission, token, exchange, observation, parsing and retries.
 *
 * - A 401 invalidates the token and repeats the call once with a new one; a second 401 is kind `auth`.
 * - Reads are repeated on 5xx and dropped connections (see `retryDelayMs`), writes and 429 never.
 * - Identical reads in flight share one exchange; each waits until its own deadline at most.
 * - The rate limiter admits and observes every exchange, retries included.
 *
 * Besides RingCentralError, a call passes on ConfigurationError from the credentials, and throws TypeError before
 * anything is sent when an id or a query name is not allowed.
 */
export function createRingCentral(deps: RingCentralDeps): RingCentral {
  const reads = createSingleFlight<HttpResponse>(deps.clock, isForLackOfTime);

  return {
    async call<Output>(operation: Operation<Output>, input: OperationInput, context: CallContext) {
      if (context.isRehearsal) throw new Rehearsed();
      const run = () => exchange(deps, operation, input, context);
      const isShared = operation.method === "GET" && !context.fresh;
      const response = isShared
        ? await reads.run(flightKey(operation, input, context), context.deadline, run, () =>
            outOfTime(operation.name),
          )
        : await run();
      return readOutput(operation, response, context);
    },
  };
}

/** Whether a caller with more time might succeed: the deadline ended the call, or admission would have come later. */
function isForLackOfTime(error: unknown): boolean {
  if (error instanceof SecretUnavailableError) return error.deadlineExceeded;
  if (!(error instanceof RingCentralError)) return false;
  const { kind, status, deadlineExceeded } = error.failure;
  return deadlineExceeded === true || (kind === "rate_limited" && status === undefined);
}

/** It includes the priority and the caller: the rate limiter may reject one's call and admit another's. */
function flightKey(
  { name }: Operation<unknown>,
  { path, query }: OperationInput,
  context: CallContext,
): string {
  const { accountId, priority = "interactive", flight = "", spender } = context;
  const sorted = (record: object = {}) => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([name, accountId, priority, spender?.caller, flight, sorted(path), sorted(query)]);
}

/** @returns the response of the last attempt, which is a success */
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
    if (attempt.ok) return attempt.response;
    const { error, token } = attempt;
    if (error.failure.status === 401) {
      // A 401 is a rejection for every method, so a write may be sent again too.
      if (reauthenticated) throw new RingCentralError({ ...error.failure, kind: "auth" });
      reauthenticated = true;
      deps.tokens.reject(token);
      continue;
    }
    const delayMs = retryDelayMs(operation, error, retries, context.deadline.remainingMs(), deps.random);
    if (delayMs === undefined) throw error;
    retries += 1;
    await deps.clock.sleep(delayMs);
  }
}

function readOutput<Output>(
  { name: operation, output: schema, isConditional }: Operation<Output>,
  response: HttpResponse,
  { log }: CallContext,
): Output {
  // An operation without a schema has no result: its `Output` is `undefined`.
  // So has a bulk DELETE of which every part has succeeded. [docs: BULK]
  if (schema === undefined || response.status === 204) return undefined as Output;
  try {
    const output = parseBody(operation, response, schema, isConditional);
    const skippedRecords = countSkipped(output);
    if (skippedRecords > 0) log.warn("ringcentral records left out", { operation, skippedRecords });
    return output;
  } catch (error) {
    log.warn("ringcentral response unreadable", { operation, error });
    throw error;
  }
}

/** Retries after the first attempt. */
const MAX_RETRIES = 2;
const BASE_DELAY_MS = 200;
const MAX_DELAY_MS = 2_000;
/** The least time that makes another attempt worth a wait. With less, the caller gets the failure at once. */
const ROOM_FOR_ATTEMPT_MS = 1_000;

/**
 * The delay before a failed call is sent again, or undefined when it must not be.
 *
 * Only reads are repeated: a layer above finds the outcome of a write by reading it back. A 429 never is, because
 * every request during the penalty restarts it [docs: RATE]. The delay is exponential with full jitter. A stated
 * Retry-After is the minimum, and rules the retry out when it leaves no room for the attempt.
 *
 * @param retries how many there have been
 */
function retryDelayMs(
  { method }: Pick<Operation<unknown>, "method">,
  error: RingCentralError,
  retries: number,
  remainingMs: number,
  random: () => number,
): number | undefined {
  if (method !== "GET" || retries >= MAX_RETRIES || !isRepeatable(error)) return undefined;
  const jitterMs = Math.floor(random() * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** retries));
  const delayMs = (error.failure.retryAfterMs ?? 0) + jitterMs;
  return delayMs + ROOM_FOR_ATTEMPT_MS <= remainingMs ? delayMs : undefined;
}

/** Failures that another attempt at once would meet again. */
const lasting: ReadonlySet<FailureKind> = new Set(["rate_limited", "storage", "locked", "limited_mode"]);

/**
 * A refused or dropped connection, a kept one that stayed silent, a 503 and other 5xx. Not 501, which is final, and not
 * a complete body that fails its schema: it would fail again.
 */
function isRepeatable({ isTransient, failure }: RingCentralError): boolean {
  const { kind, status, wasKeptConnection = false } = failure;
  if (!isTransient || lasting.has(kind) || (kind === "timeout" && !wasKeptConnection)) return false;
  return status === undefined || (status >= 500 && status !== 501);
}
