import type { Clock } from "../platform/clock.ts";
import { SecretUnavailableError } from "../platform/credentials.ts";
import type { Metrics } from "../platform/metrics.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import { causeOf, RingCentralError, type RingCentralFailure } from "./api/errors.ts";
import type { CallContext, Operation, OperationInput } from "./api/operation.ts";
import { buildUrl } from "./api/request-url.ts";
import type { AccessToken, TokenSource } from "./auth/ports.ts";
import { DUPLICATE_CONCURRENT_REQUEST, failureOf } from "./http/parse-response.ts";
import { readRateHeaders, readRequestId } from "./http/response-headers.ts";
import type { HttpRequest, HttpResponse, Transport } from "./http/transport.ts";
import type { Observation, RateLimiter } from "./rate-limit/ports.ts";

/** Asks for the bulk response as one JSON array instead of a multipart body. [docs: BULK] */
const BULK_JSON = "application/vnd.ringcentral.multipart+json";

/** The app, and not the user, lacks a permission. [docs: ERR] */
const APP_PERMISSION_MISSING = "CMN-401";

/** How long recording a call may hold up a request that has waited enough for the table. */
const RECORDING_MS = 200;

export interface AttemptDeps {
  tokens: TokenSource;
  rateLimiter: RateLimiter;
  transport: Transport;
  clock: Clock;
  metrics?: Metrics;
  /** Told of each response of RingCentral's limited mode. */
  limitedMode?: { note(): Promise<void> };
}

/** An exchange that took place, and its outcome. */
export type Attempt =
  | { ok: true; response: HttpResponse }
  | { ok: false; error: RingCentralError; token: AccessToken };

/**
 * One exchange: admitted, authorized, observed and logged.
 *
 * @param number counts from 1, for the log
 * @throws the errors of admission and of the token source: nothing was sent then, and a retry does not help
 */
export async function attemptCall(
  deps: AttemptDeps,
  operation: Operation<unknown>,
  input: OperationInput,
  context: CallContext,
  number: number,
): Promise<Attempt> {
  const { clock, transport } = deps;
  const { name, group } = operation;
  // A permit is valid for about a second, so slower steps come first.
  const [url, token] = await prepare(deps.tokens, operation, input, context);
  const { priority = "interactive", deadline, tableWait, route, spender } = context;
  const isDue = (context.fresh && spender?.hasWritten) || undefined;
  const call = { group, priority, deadline, tableWait, operation: name, route, spender, isDue };
  const permit = await deps.rateLimiter.admit(omitUndefined(call)).catch((error) => {
    reportShare(error, context);
    throw error;
  });
  if (operation.method !== "GET") {
    if (spender !== undefined) spender.hasWritten = true;
    tableWait?.hasActed();
  }
  const startedAt = clock.now();
  const report = (failure: RingCentralFailure | undefined, response?: HttpResponse) => {
    const durationMs = clock.now() - startedAt;
    logCall(context, { operation: name, group, attempt: number, durationMs }, failure, response);
    deps.metrics?.count("UpstreamCalls", 1, { Group: group });
    deps.metrics?.record("UpstreamDurationMs", durationMs, "Milliseconds", { Group: group });
    if (failure?.errorCode === APP_PERMISSION_MISSING) deps.metrics?.count("AppPermissionMissing");
  };
  let response: HttpResponse;
  try {
    response = await transport.send(requestOf(operation, input, context, url, token));
  } catch (error) {
    const sent = !(error instanceof RingCentralError) || error.failure.mayHaveTakenEffect;
    await recordOutcome(permit.release(sent), context);
    if (!(error instanceof RingCentralError)) throw error;
    report(error.failure);
    return { ok: false, error, token };
  }
  const failure = failureOf(operation, response, clock.now());
  report(failure, response);
  if (failure?.kind === "limited_mode" && deps.limitedMode !== undefined) {
    deps.metrics?.count("UpstreamLimitedMode");
    await recordOutcome(deps.limitedMode.note(), context);
  }
  const rcRequestId = readRequestId(response.headers);
  if (operation.method !== "GET" && rcRequestId !== undefined) context.onWrite?.(rcRequestId);
  const observation = observationOf(operation, response, failure);
  reportBudget(observation, context);
  await recordOutcome(permit.observe(observation), context, response.status);
  return failure ? { ok: false, error: new RingCentralError(failure), token } : { ok: true, response };
}

function requestOf(
  { name, method, bulkId }: Operation<unknown>,
  { body, ifNoneMatch }: OperationInput,
  { deadline }: CallContext,
  url: URL,
  token: AccessToken,
): HttpRequest {
  return {
    operation: name,
    method,
    url,
    headers: {
      authorization: `Bearer ${token.value}`,
      ...(body && { "content-type": "application/json" }),
      ...(bulkId !== undefined && { accept: BULK_JSON }),
      ...(ifNoneMatch !== undefined && { "if-none-match": ifNoneMatch }),
    },
    ...(body && { body: JSON.stringify(body) }),
    deadline,
  };
}

async function prepare(
  tokens: TokenSource,
  operation: Operation<unknown>,
  input: OperationInput,
  { accountId, deadline, tableWait }: CallContext,
): Promise<[URL, AccessToken]> {
  try {
    const token = await tokens.get(deadline, tableWait);
    return [buildUrl(token.server, operation, accountId, input), token];
  } catch (error) {
    if (!(error instanceof SecretUnavailableError)) throw error;
    const failure = { kind: "credentials", operation: operation.name, mayHaveTakenEffect: false } as const;
    throw new RingCentralError({ ...failure, cause: error });
  }
}

/**
 * Records the outcome of a call for the fleet. A failure to record must not discard a response that has arrived. A 429 stops the
 * fleet, so it is recorded however long that takes; any other response is recorded in the background once the request has
 * waited enough for the table.
 */
async function recordOutcome(
  recording: Promise<void>,
  { log, tableWait }: CallContext,
  status = 0,
): Promise<void> {
  const isLimited = tableWait !== undefined && status !== 429;
  try {
    await (isLimited ? tableWait.limit(() => recording, { leastMs: RECORDING_MS }) : recording);
  } catch (error) {
    log.warn("could not record the outcome of a call", { error });
  }
}

function reportBudget(
  { group, limit, remaining, windowSeconds }: Observation,
  { onBudget }: CallContext,
): void {
  if (limit === undefined || remaining === undefined || windowSeconds === undefined) return;
  onBudget?.({ group, limit, remaining, windowSeconds });
}

function reportShare(error: unknown, { onBudget }: CallContext): void {
  if (!(error instanceof RingCentralError) || error.failure.share === undefined) return;
  const { of, group, limit, windowSeconds } = error.failure.share;
  const resetSeconds = Math.ceil((error.failure.retryAfterMs ?? 0) / 1000);
  onBudget?.({ group: `${group}-${of}`, limit, remaining: 0, windowSeconds, resetSeconds });
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
    // CMN-304 concerns one request, not a limit.
    withoutHeaders: status === 429 && namesNoBudget && failure?.errorCode !== DUPLICATE_CONCURRENT_REQUEST,
    ...omitUndefined({ retryAfterMs: failure?.retryAfterMs, errorCode: failure?.errorCode }),
  };
}

/** One log line, without URL, token and body: they hold numbers and secrets. */
function logCall(
  { log }: CallContext,
  call: { operation: string; group: string; attempt: number; durationMs: number },
  failure: RingCentralFailure | undefined,
  response: HttpResponse | undefined,
): void {
  const fields = {
    ...call,
    ...(response && { status: response.status, rcRequestId: readRequestId(response.headers) }),
    ...(failure && { kind: failure.kind, errorCode: failure.errorCode, ...causeOf(failure) }),
  };
  if (failure) log.warn("ringcentral call failed", fields);
  else log.info("ringcentral call", fields);
}
