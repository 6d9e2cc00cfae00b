import { ProblemError } from "../../contract/problems.ts";
import { OutcomeUnknown, type WriteStep } from "../../contract/write-outcome.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Deadline } from "../../platform/deadline.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { openText, sealText } from "../../platform/seal.ts";
import type { WaitLimit } from "../../platform/wait-limit.ts";
import { withTimeout } from "../../platform/with-timeout.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { retryingRecords } from "../../storage/retrying-records.ts";
import { limitedRecords } from "../../storage/table-wait.ts";
import type { HttpResponse } from "../response.ts";
import { nextLookInMs, nextStep, type Outcome, recordAfter } from "./next-step.ts";
import {
  CLOCK_SLACK_MS,
  type IdempotencyRecord,
  idempotencyRecord,
  type KeyScope,
  LIFETIME_MS,
  recordKey,
  UNSETTLED_MS,
} from "./record.ts";

interface IdempotencyDeps {
  records: RecordStore;
  clock: Clock;
  /** Seals the stored responses, which hold phone numbers. */
  key: Uint8Array;
}

interface KeyedRequest extends KeyScope {
  fingerprint: string;
  /** This process has responded by then. The lease ends a little later. */
  deadline: Deadline;
  tableWait: WaitLimit;
}

/** Attempts at taking the key in a race. */
const RACES = 5;
/** How long freeing a key may hold up the failure that did nothing. */
const FREEING_MS = 400;

/** The key as this process took it. */
interface Taken {
  version: number;
  record: IdempotencyRecord;
  step: WriteStep;
}

/**
 * Runs a request once for its key, however often it arrives (draft-ietf-httpapi-idempotency-key-header). SPEC.md has
 * the states. General idempotency libraries forget a failed request and run it again; the states `unknown` and
 * `settled` are the reason for not using one.
 *
 * @param isAmbiguous whether a failure may have changed something
 * @throws ProblemError `idempotency_in_progress`, `idempotency_key_reused`, `outcome_unknown`; StorageUnavailable:
 * without the table the promise of the key cannot be kept
 */
export async function withIdempotency(
  deps: IdempotencyDeps,
  request: KeyedRequest,
  run: (step: WriteStep) => Promise<HttpResponse>,
  isAmbiguous: (error: unknown) => boolean,
): Promise<HttpResponse> {
  const begun = await begin(deps, request);
  if ("statusCode" in begun) return begun;
  let response: HttpResponse;
  try {
    response = await run(begun.step);
  } catch (error) {
    const settledAt = await end(
      deps,
      request,
      begun,
      isAmbiguous(error) ? "ambiguous failure" : "harmless failure",
    );
    throw error instanceof OutcomeUnknown
      ? lookLater(error, nextLookInMs(settledAt, deps.clock.now()))
      : error;
  }
  await end(deps, request, begun, "response", response);
  return response;
}

/** A record of another release may stand for a write that is still under way: nothing may be sent for it. */
function parsed(stored: unknown): IdempotencyRecord {
  const { success, data } = idempotencyRecord.safeParse(stored);
  if (!success) throw new ProblemError("storage_unavailable");
  return data;
}

/** Takes the key, or returns the response to replay. */
async function begin(deps: IdempotencyDeps, request: KeyedRequest): Promise<HttpResponse | Taken> {
  const { clock } = deps;
  const { deadline, tableWait } = request;
  const records = limitedRecords(deps.records, tableWait);
  for (let race = 0; race < RACES; race += 1) {
    const stored = await records.read<unknown>(recordKey(request));
    const known = stored && parsed(stored.value);
    const now = clock.now();
    const next = nextStep(known, request.fingerprint, now);
    if (next === "reject") throw new ProblemError("idempotency_key_reused");
    if (next === "wait") throw inProgress((known?.leaseUntil ?? now) - now);
    const replay = next === "replay" ? openResponse(deps, request, known?.response) : undefined;
    if (replay !== undefined) return replay;
    // A response that does not open any more cannot be replayed, only looked for.
    const step = next === "replay" ? "look" : next;
    const record: IdempotencyRecord = {
      fingerprint: request.fingerprint,
      state: "running",
      leaseUntil: deadline.at + CLOCK_SLACK_MS,
      settledAt: step === "look" && known ? known.settledAt : deadline.at + UNSETTLED_MS,
      expiresAt: now + LIFETIME_MS,
    };
    const version = await write(records, request, stored?.version ?? null, record);
    if (version !== undefined) return { version, record, step };
  }
  throw inProgress(0);
}

function inProgress(remainingMs: number): ProblemError {
  return new ProblemError("idempotency_in_progress", { retryAfterSeconds: wholeSeconds(remainingMs) });
}

function lookLater({ details }: OutcomeUnknown, waitMs: number): ProblemError {
  const retryAfterSeconds = Math.max(details.retryAfterSeconds ?? 0, wholeSeconds(waitMs));
  const { upstream, cause } = details;
  return new ProblemError("outcome_unknown", omitUndefined({ upstream, cause, retryAfterSeconds }));
}

const wholeSeconds = (ms: number) => Math.max(1, Math.ceil(ms / 1000));

/**
 * Records the outcome, if need be until the deadline: it is known only here. A lost race is harmless: another process
 * took over an ended lease, and both responses show the same resource. So is a failed write: the lease ends by itself
 * and the next arrival looks.
 *
 * @returns when the earlier attempts are settled
 */
async function end(
  deps: IdempotencyDeps,
  request: KeyedRequest,
  { version, record, step }: Taken,
  outcome: Outcome,
  response?: HttpResponse,
): Promise<number> {
  const ended = recordAfter(record, step, outcome, deps.clock.now());
  if (response !== undefined)
    ended.response = sealText(JSON.stringify(response), deps.key, contextOf(request));
  const { records, clock } = deps;
  const { deadline, tableWait } = request;
  const timeUp = () => new StorageUnavailable("no time is left");
  try {
    if (outcome === "harmless failure") {
      await tableWait.limit(() => write(records, request, version, ended), { leastMs: FREEING_MS });
    } else {
      const writing = write(retryingRecords(records, clock, deadline), request, version, ended);
      await withTimeout(writing, { clock, timeoutMs: deadline.remainingMs(), timeUp });
    }
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
  }
  return ended.settledAt;
}

function openResponse(
  { key }: IdempotencyDeps,
  request: KeyedRequest,
  sealed = "",
): HttpResponse | undefined {
  const text = openText(sealed, [key], contextOf(request));
  if (text === undefined) return undefined;
  const response: HttpResponse = JSON.parse(text);
  return { ...response, headers: { ...response.headers, "idempotency-replayed": "true" } };
}

function write(
  records: RecordStore,
  request: KeyedRequest,
  expected: number | null,
  record: IdempotencyRecord,
): Promise<number | undefined> {
  return records.compareAndSet(recordKey(request), expected, record, { expiresAt: record.expiresAt });
}

const contextOf = (request: KeyedRequest) => `${recordKey(request).partition} ${request.fingerprint}`;
