import type { Clock } from "../platform/clock.ts";
import { SecretUnavailableError } from "../platform/credentials.ts";
import type { Metrics } from "../platform/metrics.ts";
import { causeOf, RingCentralError, type RingCentralFailure } from "./api/errors.ts";
import type { CallContext, Operation, OperationInput } from "./api/operation.ts";
import { buildUrl } from "./api/request-url.ts";
import { DUPLICATE_CONCURRENT_REQUEST, failureOf } from "./http/parse-response.ts";
import { readRateHeaders, readRequestId } from "./http/response-headers.ts";
import type { HttpResponse, Transport } from "./http/transport.ts";
import type { AccessToken, Observation, Permit, RateLimiter, TokenSource } from "./ports.ts";

/** Answers a bulk request with one JSON array instead of a multipart body. [docs: BULK] */
const BULK_JSON = "application/vnd.ringcentral.multipart+json";

export interface AttemptDeps {
  tokens: TokenSource;
  rateLimiter: RateLimiter;
  transport: Transport;
  clock: Clock;
  metrics?: Metrics;
}

/** An exchange that took place, whatever came of it. */
export type Attempt =
  | { ok: true; answer: HttpResponse }
  | { ok: false; error: RingCentralError; token: AccessToken };

/**
 * One admitted, authorized and observed exchange, and its line in the log.
 *
 * @param number counts from 1, for the log
 * @throws what admission and the token source throw: nothing was sent then, and nothing is worth repeating
 */
export async function attemptCall(
  deps: AttemptDeps,
  operation: Operation<unknown>,
  input: OperationInput,
  context: CallContext,
  number: number,
): Promise<Attempt> {
  const { clock, transport } = deps;
  // A permit is good for about a second: whatever may take longer comes before it.
  const [url, token] = await prepare(deps.tokens, operation, input, context);
  const permit = await admit(deps.rateLimiter, operation, context);
  const startedAt = clock.now();
  const report = (outcome: { answer?: HttpResponse; failure?: RingCentralFailure | undefined }) => {
    const durationMs = clock.now() - startedAt;
    logCall(context, operation, { ...outcome, attempt: number, durationMs });
    deps.metrics?.count("UpstreamCalls", 1, { Group: operation.group, Route: context.route ?? "other" });
    deps.metrics?.record("UpstreamDurationMs", durationMs, "Milliseconds", { Group: operation.group });
  };
  let answer: HttpResponse;
  try {
    answer = await transport.send({
      operation: operation.name,
      method: operation.method,
      url,
      headers: {
        authorization: `Bearer ${token.value}`,
        ...(input.body && { "content-type": "application/json" }),
        ...(operation.bulkId !== undefined && { accept: BULK_JSON }),
      },
      ...(input.body && { body: JSON.stringify(input.body) }),
      deadline: context.deadline,
    });
  } catch (error) {
    const sent = !(error instanceof RingCentralError) || error.failure.mayHaveTakenEffect;
    await settle(permit.release(sent), context);
    if (!(error instanceof RingCentralError)) throw error;
    report({ failure: error.failure });
    return { ok: false, error, token };
  }
  const failure = failureOf(operation.name, answer, clock.now(), operation.bulkId !== undefined);
  report({ answer, failure });
  const observation = observationOf(operation, answer, failure);
  tellBudget(observation, context);
  await settle(permit.observe(observation), context);
  return failure ? { ok: false, error: new RingCentralError(failure), token } : { ok: true, answer };
}

async function admit(
  rateLimiter: RateLimiter,
  operation: Operation<unknown>,
  context: CallContext,
): Promise<Permit> {
  const { group, name } = operation;
  const { priority = "interactive", deadline, route } = context;
  try {
    return await rateLimiter.admit({
      group,
      priority,
      deadline,
      operation: name,
      ...(route !== undefined && { route }),
    });
  } catch (error) {
    // The rate limiter knows groups, not operations.
    if (error instanceof RingCentralError) throw new RingCentralError({ ...error.failure, operation: name });
    throw error;
  }
}

async function prepare(
  tokens: TokenSource,
  operation: Operation<unknown>,
  input: OperationInput,
  { accountId, deadline }: CallContext,
): Promise<[URL, AccessToken]> {
  try {
    const token = await tokens.accessToken(deadline);
    return [buildUrl(token.server, operation, accountId, input), token];
  } catch (error) {
    if (!(error instanceof SecretUnavailableError)) throw error;
    throw new RingCentralError({
      kind: "unavailable",
      operation: operation.name,
      mayHaveTakenEffect: false,
      cause: error,
    });
  }
}

/** Bookkeeping that fails must not take with it an answer that is there. */
async function settle(bookkeeping: Promise<void>, { log }: CallContext): Promise<void> {
  try {
    await bookkeeping;
  } catch (error) {
    log.warn("rate limit bookkeeping failed", { error });
  }
}

function tellBudget(
  { group, limit, remaining, windowSeconds }: Observation,
  { onBudget }: CallContext,
): void {
  if (limit === undefined || remaining === undefined || windowSeconds === undefined) return;
  onBudget?.({ group, limit, remaining, windowSeconds });
}

function observationOf(
  operation: Operation<unknown>,
  { status, headers }: HttpResponse,
  failure: RingCentralFailure | undefined,
): Observation {
  const { group = operation.group, ...rates } = readRateHeaders(headers);
  const namesNoBudget = headers["x-rate-limit-group"] === undefined && Object.keys(rates).length === 0;
  return {
    group,
    status,
    ...rates,
    ...(failure?.retryAfterMs !== undefined && { retryAfterMs: failure.retryAfterMs }),
    // CMN-304 is about one request, not about any limit.
    withoutHeaders: status === 429 && namesNoBudget && failure?.errorCode !== DUPLICATE_CONCURRENT_REQUEST,
    ...(failure?.errorCode !== undefined && { errorCode: failure.errorCode }),
  };
}

/** No URL, no token, no body: they hold numbers and secrets. */
function logCall(
  { log }: CallContext,
  operation: Operation<unknown>,
  call: {
    attempt: number;
    durationMs: number;
    answer?: HttpResponse;
    failure?: RingCentralFailure | undefined;
  },
): void {
  const { answer, failure, attempt, durationMs } = call;
  const { name, group } = operation;
  const fields = {
    operation: name,
    group,
    attempt,
    durationMs,
    ...(answer && { status: answer.status, rcRequestId: readRequestId(answer.headers) }),
    ...(failure && { kind: failure.kind, errorCode: failure.errorCode, ...causeOf(failure) }),
  };
  if (failure) log.warn("ringcentral call failed", fields);
  else log.info("ringcentral call", fields);
}
