import type {
  CallerBlockingBatch,
  CallerBlockingBatchResult,
  CallerBlockingOutcome,
} from "../../contract/caller-blocking-batch.ts";
import { problems as catalogue, type ProblemCode, ProblemError } from "../../contract/problems.ts";
import type { Progress } from "../../contract/write-outcome.ts";
import { tagged } from "../../platform/content-tag.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { RingCentralError } from "../../ringcentral/api/errors.ts";
import * as operations from "../../ringcentral/api/operations.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import { alreadyListed } from "../already-listed.ts";
import { toCallerBlockingNumber } from "../caller-blocking.ts";
import type { NumbersDeps, WriteRequest } from "../shared/request.ts";
import { pagesOf, readWholeList } from "../shared/upstream-list.ts";
import { type Item, type ItemState, isFinal, keptStates, parseItem } from "./items.ts";
import { Listed } from "./listed.ts";
import { type BatchRun, NO_ENTRY, settleSent, workOff } from "./run.ts";

type PartProblem = NonNullable<CallerBlockingOutcome["problem"]>;

interface BatchRequest extends WriteRequest {
  body: CallerBlockingBatch;
  progress?: Progress;
  /** An error as a problem of the catalogue. */
  problemOf: (error: unknown) => PartProblem;
}

/**
 * Adds and removes up to 100 numbers. Both lists are read first, so that what is listed already costs no call. SPEC.md
 * of `lib/http/idempotency` has the states of an item.
 * @throws when nothing could be done: what prevented it
 */
export async function changeCallerBlockingNumbers(
  deps: NumbersDeps,
  request: BatchRequest,
): Promise<CallerBlockingBatchResult> {
  const problems = new Map<number, PartProblem>();
  // Before the lists are read: they show every effect until then.
  const startedAt = deps.clock.now();
  const [kept, listed] = await Promise.all([request.progress?.load(), readListed(deps, request)]);
  const { items } = request.body;
  const parsed = items.map(parseItem);
  const states = keptStates(kept, items.length);
  const run: BatchRun = {
    deps,
    request,
    items: parsed.map((item) => (item instanceof ProblemError ? undefined : item)),
    states,
    listed,
    hasMoved: false,
    reject(index, error) {
      const problem = request.problemOf(error);
      problems.set(index, problem);
      states[index] = { state: "rejected", code: problem.code };
      run.hasMoved = true;
    },
    save: async () => request.progress?.save(states),
  };
  for (const [index, item] of parsed.entries()) if (item instanceof ProblemError) run.reject(index, item);
  settleSent(run, startedAt);
  const stop = await workOff(run).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  if (!states.every(isFinal)) await run.save().catch(ignoreUnsaved);
  if (stop !== undefined && !(run.hasMoved && isStop(stop.error))) throw stop.error;
  const problemAt = (index: number, code?: string) =>
    problems.get(index) ?? request.problemOf(keptProblem(code, run.items[index], listed));
  return resultOf(run, problemAt, stop?.error);
}

async function readListed(
  { ringcentral }: NumbersDeps,
  { extensionId, call }: BatchRequest,
): Promise<Listed> {
  const read = (status: string) => {
    const input = { path: { extensionId }, query: { status } };
    const fresh = { ...call, fresh: true };
    return readWholeList(pagesOf(ringcentral, operations.listCallerBlockingNumbers, input, fresh));
  };
  const lists = await Promise.all([read("Blocked"), read("Allowed")]);
  return new Listed(lists.flat());
}

const isStop = (error: unknown) =>
  error instanceof RingCentralError || error instanceof ProblemError || error instanceof StorageUnavailable;

/** What is not kept stays marked as sent, and is looked for. */
function ignoreUnsaved(error: unknown): void {
  if (!isStop(error)) throw error;
}

const outcomes = { not_started: "not_started", sent: "unknown", done: "done", rejected: "rejected" } as const;

function resultOf(
  { items, states, listed, deps }: BatchRun,
  problemAt: (index: number, code: string | undefined) => PartProblem,
  stop: unknown,
): CallerBlockingBatchResult {
  const complete = states.every(isFinal);
  const shown = states.map(({ state, changed, code }, index) => {
    const item = items[index];
    const entry = item?.action === "add" && state === "done" ? listed.entryOf(item) : undefined;
    return omitUndefined({
      outcome: outcomes[state],
      changed,
      entry: entry && tagged(toCallerBlockingNumber(entry)),
      problem: state === "rejected" ? problemAt(index, code) : undefined,
    });
  });
  const retryAfter = complete ? undefined : secondsUntilMore(states, stop, deps.clock.now());
  return { complete, ...omitUndefined({ retryAfter }), items: shown };
}

const LEAST_SECONDS = 2;
const MOST_SECONDS = 30;

/** Until a repetition can do more: when what stopped the batch is over, or the first unknown item is settled. */
function secondsUntilMore(states: readonly ItemState[], stop: unknown, now: number): number {
  if (stop instanceof RingCentralError) return Math.max(LEAST_SECONDS, seconds(stop.failure.retryAfterMs));
  if (stop instanceof ProblemError) return Math.max(LEAST_SECONDS, stop.details.retryAfterSeconds ?? 0);
  if (stop !== undefined) return LEAST_SECONDS;
  const settledAt = Math.min(...states.map(({ until }) => until ?? Number.POSITIVE_INFINITY));
  return Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, seconds(settledAt - now)));
}

const seconds = (ms = 0) => Math.ceil(ms / 1000);

/**
 * The problem of an item that an earlier request saw rejected. Its details are not kept, because they may name numbers: an
 * entry in the way is looked for in the lists as they are now.
 */
function keptProblem(code = "", item: Item | undefined, listed: Listed): ProblemError {
  if (code === "not_found") return new ProblemError(code, { detail: NO_ENTRY });
  if (code !== "number_already_listed") {
    return new ProblemError(isProblemCode(code) ? code : "upstream_rejected");
  }
  const entry = item && listed.entryOf(item);
  if (entry !== undefined) return alreadyListed(entry, toCallerBlockingNumber);
  return new ProblemError(code, { detail: "The number was listed already, and is not any more." });
}

const isProblemCode = (code: string): code is ProblemCode => code in catalogue;
