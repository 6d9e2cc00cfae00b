import { ProblemError } from "../../contract/problems.ts";
import type { Clock } from "../../platform/clock.ts";
import { openText, sealText } from "../../platform/seal.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import type { HttpResponse } from "../response.ts";
import {
  type IdempotencyRecord,
  idempotencyRecord,
  type KeyScope,
  LIFETIME_MS,
  recordKey,
} from "./record.ts";

export interface IdempotencyDeps {
  records: RecordStore;
  clock: Clock;
  /** Seal the stored answers, which hold phone numbers: the first seals, all open. */
  keys: readonly Uint8Array[];
}

export interface KeyedRequest extends KeyScope {
  fingerprint: string;
  /** When this process must have answered, at the latest; the lease ends a little after. */
  answerBy: number;
}

/** Clocks of two processes may differ by this much without a lease being taken from one that is at work. */
const LEASE_SLACK_MS = 6_000;
/** Attempts at changing the record in a race. */
const RACES = 5;

interface Stored {
  version: number;
  record: IdempotencyRecord;
}

/**
 * Runs a request once for its key, however often it arrives (draft-ietf-httpapi-idempotency-key-header).
 *
 * A key that is being worked on answers 409, one that came with another request 422, one that is done replays its
 * answer for 24 h. A failure that surely changed nothing frees the key. One that may have changed something, the
 * death of the process included, leaves it `unknown`: the next arrival takes over and is told to resolve, that is,
 * to look for what the first one may have made before it sends anything. That state is why this is not a general
 * idempotency library: those forget a failed request, and run it again.
 *
 * Without the table a request with a key is refused with 503: it asked for a promise that cannot be kept.
 *
 * @param run `resolve` = an earlier try may have taken effect
 * @param isAmbiguous whether a failure may have changed something all the same
 */
export async function withIdempotency(
  deps: IdempotencyDeps,
  request: KeyedRequest,
  run: (resolve: boolean) => Promise<HttpResponse>,
  isAmbiguous: (error: unknown) => boolean,
): Promise<HttpResponse> {
  const begun = await orUnavailable(begin(deps, request));
  if ("replay" in begun) return begun.replay;
  let answer: HttpResponse;
  try {
    answer = await run(begun.resolve);
  } catch (error) {
    await fail(deps, request, begun.held, isAmbiguous(error) || begun.resolve);
    throw error;
  }
  await finish(deps, request, begun.held, answer);
  return answer;
}

type Begun = { replay: HttpResponse } | { held: Stored; resolve: boolean };

async function begin(deps: IdempotencyDeps, request: KeyedRequest): Promise<Begun> {
  for (let race = 0; race < RACES; race += 1) {
    const stored = await read(deps, request);
    const now = deps.clock.now();
    const known = stored !== undefined && stored.record.expiresAt > now ? stored.record : undefined;
    if (known !== undefined && known.fingerprint !== request.fingerprint) {
      throw new ProblemError("idempotency_key_reused");
    }
    if (known?.state === "done") {
      const replay = replayOf(deps, request, known);
      if (replay !== undefined) return { replay };
    }
    if (known?.state === "running" && known.leaseUntil > now) {
      throw new ProblemError("idempotency_in_progress", {
        retryAfterSeconds: Math.max(1, Math.ceil((known.leaseUntil - now) / 1000)),
      });
    }
    const record: IdempotencyRecord = {
      fingerprint: request.fingerprint,
      state: "running",
      leaseUntil: request.answerBy + LEASE_SLACK_MS,
      expiresAt: now + LIFETIME_MS,
    };
    const version = await write(deps, request, stored?.version ?? null, record);
    if (version !== undefined) return { held: { version, record }, resolve: known !== undefined };
  }
  throw new ProblemError("idempotency_in_progress", { retryAfterSeconds: 1 });
}

/** A record that no key opens any more cannot be replayed; its request is resolved instead. */
function replayOf(
  deps: IdempotencyDeps,
  request: KeyedRequest,
  record: IdempotencyRecord,
): HttpResponse | undefined {
  const text = openText(record.answer ?? "", deps.keys, contextOf(request));
  if (text === undefined) return undefined;
  const answer = JSON.parse(text) as HttpResponse;
  return { ...answer, headers: { ...answer.headers, "idempotency-replayed": "true" } };
}

async function finish(
  deps: IdempotencyDeps,
  request: KeyedRequest,
  held: Stored,
  answer: HttpResponse,
): Promise<void> {
  const [key] = deps.keys;
  if (key === undefined) throw new Error("no key to seal with");
  const done: IdempotencyRecord = {
    ...held.record,
    state: "done",
    expiresAt: deps.clock.now() + LIFETIME_MS,
    answer: sealText(JSON.stringify(answer), key, contextOf(request)),
  };
  // Somebody may have taken over a lease that ended: the resource is the same, so either answer is right. And if
  // the table does not answer, the lease ends by itself and the next arrival resolves.
  await write(deps, request, held.version, done).catch(ignoreUnavailable);
}

async function fail(
  deps: IdempotencyDeps,
  request: KeyedRequest,
  held: Stored,
  ambiguous: boolean,
): Promise<void> {
  const settled = ambiguous
    ? write(deps, request, held.version, { ...held.record, state: "unknown", leaseUntil: 0 })
    : deps.records.remove(recordKey(request), held.version);
  await Promise.resolve(settled).catch(ignoreUnavailable);
}

async function read({ records }: IdempotencyDeps, request: KeyedRequest): Promise<Stored | undefined> {
  const stored = await records.read<unknown>(recordKey(request));
  return stored && { version: stored.version, record: idempotencyRecord.parse(stored.value) };
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

async function orUnavailable<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    throw new ProblemError("storage_unavailable", { retryAfterSeconds: 2, cause: error });
  }
}

function ignoreUnavailable(error: unknown): undefined {
  if (error instanceof StorageUnavailable) return undefined;
  throw error;
}
