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
import {
  COME_BACK_SECONDS,
  type IdempotencyRecord,
  type KeyScope,
  nextLookInMs,
  nextStep,
  type Outcome,
  ownerOf,
  parseRecord,
  recordAfter,
  recordKey,
  runningRecord,
} from "./record.ts";

interface IdempotencyDeps {
  records: RecordStore;
  clock: Clock;
  /** Seals the stored responses, which hold phone numbers. */
  key: Uint8Array;
}

/** A response that JSON can store. */
interface Replayable {
  headers: Record<string, string>;
}

interface KeyedRequest extends KeyScope {
  fingerprint: string;
  /** This process has responded by then. The lease ends a little later. */
  deadline: Deadline;
  tableWait: WaitLimit;
}

/** Attempts at taking the key in a race. */
const RACES = 5;
/**
 * How long a repetition waits for the request that is still in progress, to replay its response: most writes end in that
 * time. It keeps two thirds of its own time, because it takes over when the first request frees the key.
 */
const WAIT_MS = 4_000;
const WAITING_SHARE = 1 / 3;
/** The first pause between two looks at the key. Each is longer by this: seven reads in all. */
const PAUSE_STEP_MS = 150;
/** How long freeing a key may hold up the failure that did nothing. */
const FREEING_MS = 300;

/**
 * Runs a request once for its key, however often it arrives (draft-ietf-httpapi-idempotency-key-header). SPEC.md has
 * the states. General idempotency libraries forget a failed request and run it again; the states `unknown` and
 * `settled` are the reason for not using one.
 *
 * @param isAmbiguous whether a failure may have changed something
 * @throws ProblemError `idempotency_in_progress`, `idempotency_key_reused`, `outcome_unknown`; StorageUnavailable:
 * without the table the promise of the key cannot be kept
 */
export async function withIdempotency<Response extends Replayable>(
  deps: IdempotencyDeps,
  request: KeyedRequest,
  run: (step: WriteStep) => Promise<Response>,
  isAmbiguous: (error: unknown) => boolean,
): Promise<Response> {
  const key = new Key<Response>(deps, request);
  const taken = await key.take();
  if ("replay" in taken) return taken.replay;
  try {
    const response = await run(taken.step);
    // Only a batch that is not complete says when to send the rest.
    if ("retry-after" in response.headers) await key.end(taken, "partial response");
    else await key.end(taken, "response", response);
    return response;
  } catch (error) {
    const settledAt = await key.end(taken, isAmbiguous(error) ? "ambiguous failure" : "harmless failure");
    if (!(error instanceof OutcomeUnknown)) throw error;
    const { upstream, cause, retryAfterSeconds = 0 } = error.details;
    const waitSeconds = wholeSeconds(nextLookInMs(settledAt, deps.clock.now()));
    const details = { upstream, cause, retryAfterSeconds: Math.max(retryAfterSeconds, waitSeconds) };
    throw new ProblemError("outcome_unknown", omitUndefined(details));
  }
}

/** The key as this process took it. */
interface Taken {
  version: number;
  record: IdempotencyRecord;
  step: WriteStep;
}

/** The record of one request's key. */
class Key<Response extends Replayable> {
  readonly #deps: IdempotencyDeps;
  readonly #request: KeyedRequest;
  /** Binds a stored response to its request. */
  readonly #context: string;

  constructor(deps: IdempotencyDeps, request: KeyedRequest) {
    this.#deps = deps;
    this.#request = request;
    this.#context = `${recordKey(request).partition} ${request.fingerprint}`;
  }

  /** Takes the key, or returns the response to replay, for which it may wait a little. */
  async take(): Promise<{ replay: Response } | Taken> {
    const { fingerprint, deadline, tableWait } = this.#request;
    const { clock } = this.#deps;
    const records = limitedRecords(this.#deps.records, tableWait);
    const waitUntil = clock.now() + Math.min(WAIT_MS, deadline.remainingMs() * WAITING_SHARE);
    let pauseMs = 0;
    for (let race = 0; race < RACES; race += 1) {
      const stored = await records.read<unknown>(recordKey(this.#request));
      const known = stored && parseRecord(stored.value);
      const now = clock.now();
      const next = nextStep(known, fingerprint, now);
      if (next === "reject") throw new ProblemError("idempotency_key_reused");
      if (next === "wait") {
        pauseMs += PAUSE_STEP_MS;
        if (now + pauseMs > waitUntil) break;
        await clock.sleep(pauseMs);
        race = -1;
        continue;
      }
      const replay = next === "replay" ? this.#open(known?.response) : undefined;
      if (replay !== undefined) return { replay };
      // A response that does not open any more cannot be replayed, only looked for.
      const step = next === "replay" ? "look" : next;
      const record = runningRecord(fingerprint, deadline.at, step === "look" ? known : undefined, now);
      const taken = await this.#takeInTime(stored?.version ?? null, record, step);
      if (taken !== undefined) return taken;
    }
    throw new ProblemError("idempotency_in_progress", { retryAfterSeconds: COME_BACK_SECONDS });
  }

  /** A key taken too late is free again: nothing is sent for it. @returns undefined after a lost race */
  async #takeInTime(expected: number | null, record: IdempotencyRecord, step: WriteStep) {
    let isAwaited = true;
    const take = async (): Promise<Taken | undefined> => {
      const version = await this.#write(this.#deps.records, expected, record);
      const taken = version === undefined ? undefined : { version, record, step };
      if (taken !== undefined && !isAwaited) await this.end(taken, "harmless failure");
      return taken;
    };
    try {
      return await this.#request.tableWait.limit(take);
    } finally {
      isAwaited = false;
    }
  }

  /**
   * Records the outcome, if need be until the deadline: it is known only here. A lost race is harmless: another process
   * took over an ended lease, and both responses show the same resource. So is a failed write: the lease ends by itself
   * and the next arrival looks.
   *
   * @returns when the earlier attempts are settled
   */
  async end({ version, record, step }: Taken, outcome: Outcome, response?: Response): Promise<number> {
    const { records, clock, key } = this.#deps;
    const { deadline, tableWait } = this.#request;
    const ended = recordAfter(record, step, outcome, clock.now());
    if (response !== undefined) ended.response = sealText(JSON.stringify(response), key, this.#context);
    const write = (store: RecordStore) => this.#write(store, version, ended);
    const timeUp = () => new StorageUnavailable("no time is left");
    try {
      if (outcome === "harmless failure") {
        await tableWait.limit(() => write(records), { leastMs: FREEING_MS });
      } else {
        const writing = write(retryingRecords(records, clock, deadline));
        await withTimeout(writing, { clock, timeoutMs: deadline.remainingMs(), timeUp });
      }
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
    }
    return ended.settledAt;
  }

  #open(sealed = ""): Response | undefined {
    const text = openText(sealed, [this.#deps.key], this.#context);
    if (text === undefined) return undefined;
    const response: Response = JSON.parse(text);
    return { ...response, headers: { ...response.headers, "idempotency-replayed": "true" } };
  }

  #write(records: RecordStore, expected: number | null, record: IdempotencyRecord) {
    const { expiresAt } = record;
    const value = { ...record, ...ownerOf(this.#request) };
    return records.compareAndSet(recordKey(this.#request), expected, value, { expiresAt });
  }
}

const wholeSeconds = (ms: number) => Math.max(1, Math.ceil(ms / 1000));
