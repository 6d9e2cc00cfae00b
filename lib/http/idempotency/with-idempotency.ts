import { ProblemError } from "../../contract/problems.ts";
import type { Clock } from "../../platform/clock.ts";
import { openText, sealText } from "../../platform/seal.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import type { HttpResponse } from "../response.ts";
import { nextStep, type Outcome, stateAfter } from "./next-step.ts";
import {
  type IdempotencyRecord,
  idempotencyRecord,
  type KeyScope,
  LIFETIME_MS,
  recordKey,
} from "./record.ts";

interface IdempotencyDeps {
  records: RecordStore;
  clock: Clock;
  /** Seals the stored responses, which hold phone numbers. */
  key: Uint8Array;
}

interface KeyedRequest extends KeyScope {
  fingerprint: string;
  /** Epoch milliseconds by which this process has responded. The lease ends a little later. */
  answerBy: number;
}

/** The most by which the clocks of two processes may differ without one taking over the other's lease. */
const LEASE_SLACK_MS = 6_000;
/** Attempts at taking the key in a race. */
const RACES = 5;

/** The key as this process took it. */
interface Taken {
  version: number;
  record: IdempotencyRecord;
  step: "run" | "resolve";
}

/**
 * Runs a request once for its key, however often it arrives (draft-ietf-httpapi-idempotency-key-header). SPEC.md has
 * the states. General idempotency libraries forget a failed request and run it again; the state `unknown` is the
 * reason for not using one.
 *
 * @param run `resolveFirst`: an earlier attempt may have taken effect, so look before sending anything
 * @param isAmbiguous whether a failure may have changed something
 * @throws ProblemError `idempotency_in_progress`, `idempotency_key_reused`; StorageUnavailable: without the table the
 * promise of the key cannot be kept
 */
export async function withIdempotency(
  deps: IdempotencyDeps,
  request: KeyedRequest,
  run: (resolveFirst: boolean) => Promise<HttpResponse>,
  isAmbiguous: (error: unknown) => boolean,
): Promise<HttpResponse> {
  const begun = await begin(deps, request);
  if ("statusCode" in begun) return begun;
  let response: HttpResponse;
  try {
    response = await run(begun.step === "resolve");
  } catch (error) {
    await end(deps, request, begun, isAmbiguous(error) ? "ambiguous failure" : "harmless failure");
    throw error;
  }
  await end(deps, request, begun, "response", response);
  return response;
}

/** Takes the key, or returns the response to replay. */
async function begin(deps: IdempotencyDeps, request: KeyedRequest): Promise<HttpResponse | Taken> {
  const { records, clock } = deps;
  for (let race = 0; race < RACES; race += 1) {
    const stored = await records.read<unknown>(recordKey(request));
    const known = stored && idempotencyRecord.parse(stored.value);
    const now = clock.now();
    const step = nextStep(known, request.fingerprint, now);
    if (step === "reject") throw new ProblemError("idempotency_key_reused");
    if (step === "wait") throw inProgress((known?.leaseUntil ?? now) - now);
    const replay = step === "replay" ? openResponse(deps, request, known?.response) : undefined;
    if (replay !== undefined) return replay;
    const record: IdempotencyRecord = {
      fingerprint: request.fingerprint,
      state: "running",
      leaseUntil: request.answerBy + LEASE_SLACK_MS,
      expiresAt: now + LIFETIME_MS,
    };
    const version = await write(deps, request, stored?.version ?? null, record);
    // A response that does not open any more cannot be replayed: its request is resolved.
    if (version !== undefined) return { version, record, step: step === "run" ? "run" : "resolve" };
  }
  throw inProgress(0);
}

function inProgress(remainingMs: number): ProblemError {
  const retryAfterSeconds = Math.max(1, Math.ceil(remainingMs / 1000));
  return new ProblemError("idempotency_in_progress", { retryAfterSeconds });
}

/**
 * Records the outcome. A lost race is harmless: another process took over an ended lease, and both responses show the
 * same resource. So is a failed write: the lease ends by itself and the next arrival resolves.
 */
async function end(
  deps: IdempotencyDeps,
  request: KeyedRequest,
  { version, record, step }: Taken,
  outcome: Outcome,
  response?: HttpResponse,
): Promise<void> {
  const state = stateAfter(step, outcome);
  try {
    if (state === "absent") await deps.records.remove(recordKey(request), version);
    else if (state === "unknown") await write(deps, request, version, { ...record, state, leaseUntil: 0 });
    else {
      const sealed = sealText(JSON.stringify(response), deps.key, contextOf(request));
      const expiresAt = deps.clock.now() + LIFETIME_MS;
      await write(deps, request, version, { ...record, state, expiresAt, response: sealed });
    }
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
  }
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
  { records }: IdempotencyDeps,
  request: KeyedRequest,
  expected: number | null,
  record: IdempotencyRecord,
): Promise<number | undefined> {
  return records.compareAndSet(recordKey(request), expected, record, { expiresAt: record.expiresAt });
}

const contextOf = (request: KeyedRequest) => `${recordKey(request).partition} ${request.fingerprint}`;
