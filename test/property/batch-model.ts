import type {
  CallerBlockingBatchResult,
  CallerBlockingChange,
} from "../../lib/contract/caller-blocking-batch.ts";
import { ProblemError } from "../../lib/contract/problems.ts";
import { OutcomeUnknown, type WriteStep } from "../../lib/contract/write-outcome.ts";
import { KeyProgress } from "../../lib/http/idempotency/progress.ts";
import { withIdempotency } from "../../lib/http/idempotency/with-idempotency.ts";
import { changeCallerBlockingNumbers } from "../../lib/numbers/batch/change.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import { outOfTime, RingCentralError, type RingCentralFailure } from "../../lib/ringcentral/api/errors.ts";
import type {
  CallContext,
  Operation,
  OperationInput,
  RingCentral,
} from "../../lib/ringcentral/api/operation.ts";
import { retryingRecords } from "../../lib/storage/retrying-records.ts";
import { createTableWait } from "../../lib/storage/table-wait.ts";
import { createMemoryRecordStore, overNetwork } from "../support/memory-record-store.ts";
import type { Instance, Outcome, Schedule } from "../support/schedule.ts";

const INVOCATION_MS = 15_000;
const ATTEMPT_MS = 4_000;
const LATEST_EFFECT_MS = 120_000;

interface NewEntry {
  phoneNumber: string;
  label?: string;
  status: string;
}
type Entry = NewEntry & { id: string };

const failure = (details: Partial<RingCentralFailure>) =>
  new RingCentralError({ kind: "bad_response", operation: "test", mayHaveTakenEffect: true, ...details });
const verdict = (status: number, errorCode: string) =>
  failure({ kind: "rejected", status, errorCode, mayHaveTakenEffect: false });

/** One extension's two lists. A write may fail and take effect up to two minutes later, or be over the budget. */
export function createLists(schedule: Schedule, listed: readonly Entry[]) {
  const { chance, random } = schedule;
  const entries = [...listed];
  /** Whether RingCentral takes a number twice, so that a second sending shows. */
  const takesTwice = chance(0.5);
  const [stored, underWay] = [new Map<string, number>(), new Map<string, number>()];
  const count = (counts: Map<string, number>, number: string, by: number) =>
    counts.set(number, (counts.get(number) ?? 0) + by);
  let writes = 0;
  let windowEnd = 0;

  const model = {
    isCalm: false,
    writesPerMinute: 1_000,
    entries,
    stored: (number: string) => stored.get(number) ?? 0,
    underWay: (number: string) => underWay.get(number) ?? 0,
    removeNumber: (number: string) => drop(({ phoneNumber }) => phoneNumber === number),
    list: (status: unknown) => {
      if (!model.isCalm && chance(0.05)) throw failure({ kind: "unavailable", status: 503 });
      return {
        records: entries.filter((entry) => entry.status === status).map((entry) => ({ ...entry })),
        navigation: {},
      };
    },
    add(body: NewEntry): Entry | Promise<never> {
      spend();
      const isListed = entries.some(({ phoneNumber }) => phoneNumber === body.phoneNumber);
      if (isListed && !takesTwice) throw verdict(400, "CMN-406");
      if (!model.isCalm && chance(0.05)) throw verdict(400, "CMN-101");
      const store = () => {
        const entry = { ...body, id: String(1_000 + entries.length + stored.size * 50) };
        entries.push(entry);
        count(stored, body.phoneNumber, 1);
        schedule.note(`stored ${body.phoneNumber}`);
        return entry;
      };
      return perhapsLost(body.phoneNumber, store);
    },
    remove(ids: readonly string[]) {
      spend();
      const parts = ids.map((resourceId) => {
        const isThere = entries.some(({ id }) => id === resourceId);
        return { resourceId, status: isThere ? 204 : 404, body: {} };
      });
      if (ids.length === 1 && parts[0]?.status === 404) throw verdict(404, "CMN-102");
      const all = parts.every(({ status }) => status === 204);
      return perhapsLost("", () => {
        drop(({ id }) => ids.includes(id));
        return all ? undefined : parts;
      });
    },
  };

  function drop(matches: (entry: Entry) => boolean): void {
    for (const entry of entries.filter(matches)) entries.splice(entries.indexOf(entry), 1);
  }

  function spend(): void {
    const now = schedule.clock.now();
    if (now >= windowEnd) [writes, windowEnd] = [0, now + 60_000];
    writes += 1;
    if (writes <= model.writesPerMinute) return;
    throw failure({ kind: "rate_limited", retryAfterMs: windowEnd - now, mayHaveTakenEffect: false });
  }

  function perhapsLost<Result>(number: string, act: () => Result): Result | Promise<never> {
    if (model.isCalm || chance(0.8)) return act();
    if (chance(0.6)) {
      count(underWay, number, 1);
      schedule.after(LATEST_EFFECT_MS ** random(), () => {
        count(underWay, number, -1);
        act();
      });
    }
    if (chance(0.3)) return new Promise<never>(() => {});
    throw failure({ status: 502 });
  }
  return model;
}
type Lists = ReturnType<typeof createLists>;

interface Watcher {
  /** Called at the moment of each answer that comes in time. */
  onResult(result: CallerBlockingBatchResult): void;
  /** Called with the states that the table keeps. */
  onKept(states: { state: string; changed?: boolean }[]): void;
}

export function createWorld(schedule: Schedule, lists: Lists, { onResult, onKept }: Watcher) {
  const records = createMemoryRecordStore();
  records.onWrite = ({ sort }, _, json) => {
    if (sort === "progress") onKept(JSON.parse(json).state);
  };

  /** One request, in a process that may crash at every await. */
  function send(items: CallerBlockingChange[]): Promise<Outcome<CallerBlockingBatchResult>> {
    const instance = schedule.instance();
    const { clock } = instance;
    const table = overNetwork(records, instance);
    return instance.start(async () => {
      const deadline = deadlineIn(INVOCATION_MS, clock);
      const call: CallContext = { accountId: "1", requestId: "test", deadline, log };
      const scope = { accountId: "1", callerId: "ana", operationId: "change", key: "key", fingerprint: "f" };
      const progress = new KeyProgress(retryingRecords(table, clock, deadline), clock, scope);
      const run = async (step: WriteStep) => {
        const ringcentral = clientOf(instance, lists);
        const request = { extensionId: "2", call, body: { items }, step, progress, problemOf };
        const result = await changeCallerBlockingNumbers({ ringcentral, clock }, request);
        if (deadline.remainingMs() > 0) onResult(result);
        const headers: Record<string, string> = {};
        if (result.retryAfter !== undefined) headers["retry-after"] = String(result.retryAfter);
        return { headers, result };
      };
      const deps = { records: table, clock, key: new Uint8Array(32) };
      const request = { ...scope, deadline, tableWait: createTableWait(clock) };
      return (await withIdempotency(deps, request, run, mayHaveTakenEffect)).result;
    });
  }
  return { send };
}

const problemOf = (error: unknown) => {
  const code = error instanceof ProblemError ? error.code : "parameter_invalid";
  return { code, status: 400 };
};

function mayHaveTakenEffect(error: unknown): boolean {
  if (error instanceof OutcomeUnknown) return error.sent;
  if (error instanceof RingCentralError) return error.failure.mayHaveTakenEffect;
  return !(error instanceof ProblemError);
}

/** The client of one process: it gives up at its deadline, while RingCentral may still serve the request. */
function clientOf(instance: Instance, lists: Lists): RingCentral {
  return {
    async call<Output>(
      { name, method, output }: Operation<Output>,
      { body = {}, query, path }: OperationInput,
      { deadline }: CallContext,
    ): Promise<Output> {
      const patienceMs = Math.min(ATTEMPT_MS, deadline.remainingMs());
      if (patienceMs <= 0) throw outOfTime(name);
      const serve = (): unknown => {
        if (method === "GET") return lists.list(query?.status);
        if (method === "POST") return lists.add(body as unknown as NewEntry);
        return lists.remove((path?.blockedNumberId ?? "").split(","));
      };
      const reply = await Promise.race([
        instance.effect(name, serve, { once: true, reliable: true }),
        instance.clock.sleep(patienceMs).then(() => Promise.reject(failure({ kind: "timeout" }))),
      ]);
      return (reply === undefined ? undefined : output?.parse(reply)) as Output;
    },
  };
}

const log = createLogger({}, { write: () => {} });
