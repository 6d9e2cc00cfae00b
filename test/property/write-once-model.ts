import { OutcomeUnknown, type WriteStep } from "../../lib/contract/write-outcome.ts";
import { withIdempotency } from "../../lib/http/idempotency/with-idempotency.ts";
import type { HttpResponse } from "../../lib/http/response.ts";
import { addForwardingNumber } from "../../lib/numbers/forwarding/write-legacy.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import { outOfTime, RingCentralError, type RingCentralFailure } from "../../lib/ringcentral/api/errors.ts";
import type {
  CallContext,
  Operation,
  OperationInput,
  RingCentral,
} from "../../lib/ringcentral/api/operation.ts";
import { listForwardingNumbers } from "../../lib/ringcentral/api/operations.ts";
import { CachedRingCentral } from "../../lib/ringcentral/cache/cached-client.ts";
import { StorageUnavailable } from "../../lib/storage/errors.ts";
import type { RecordStore } from "../../lib/storage/record-store.ts";
import { createTableWait } from "../../lib/storage/table-wait.ts";
import { createMemoryRecordStore, overNetwork } from "../support/memory-record-store.ts";
import type { Instance, Outcome, Schedule } from "../support/schedule.ts";

/** The latest moment at which RingCentral's back end completes a write, after it was sent: SPEC.md's assumption. */
const LATEST_EFFECT_MS = 120_000;
const INVOCATION_MS = 15_000;
const ATTEMPT_MS = 8_000;

/** A forwarding number that a caller wants. Its label and flip number tell its effects from those of other callers. */
export interface Intent {
  phoneNumber: string;
  label: string;
  type?: "Other";
  flipNumber?: number;
}

interface Entry extends Record<string, unknown> {
  id: string;
  phoneNumber: string;
  label: string;
  type: string;
  flipNumber?: string;
}

/** Failures that a gateway may invent while its back end completes the request, and CMN-304. */
const gatewayFailures: readonly Partial<RingCentralFailure>[] = [
  {},
  { status: 408 },
  { status: 500 },
  { status: 502 },
  { status: 504 },
  { kind: "unavailable", status: 503 },
  { kind: "unavailable", status: 503, errorCode: "CMN-201" },
  { kind: "rejected", status: 429, errorCode: "CMN-304" },
];

const failure = (details: Partial<RingCentralFailure>) =>
  new RingCentralError({ kind: "bad_response", operation: "test", mayHaveTakenEffect: true, ...details });

const rejection = failure({ kind: "rejected", status: 400, mayHaveTakenEffect: false });

/** One extension's forwarding numbers. RingCentral stores the same number as often as it is sent. */
export function createRingCentral(schedule: Schedule) {
  const { between, chance } = schedule;
  const entries: Entry[] = [];
  const spelling = between(0, 3);
  let isNextRejected = false;
  let ids = 0;
  let late = 0;

  function store({ phoneNumber, label, type = "Other", flipNumber }: Intent): Entry {
    const id = String(++ids);
    const flip = flipNumber === undefined ? {} : { flipNumber: String(flipNumber) };
    const entry = { id, phoneNumber: spell(phoneNumber, spelling), label, type, ...flip };
    entries.push(entry);
    schedule.note(`RingCentral stores ${label} as ${id}`);
    return entry;
  }

  /** The effect comes at once or within two minutes: at the last moment, or after a delay of any order of magnitude. */
  function storeLate(intent: Intent): void {
    if (chance(0.3)) store(intent);
    else storeAfter(LATEST_EFFECT_MS ** (chance(0.2) ? 1 : schedule.random()), intent);
  }

  function storeAfter(ms: number, intent: Intent): void {
    late += 1;
    schedule.after(ms, () => {
      late -= 1;
      store(intent);
    });
  }

  function post(intent: Intent): Entry | Promise<never> {
    if (isNextRejected) {
      isNextRejected = false;
      throw rejection;
    }
    if (model.nextEffectMs !== undefined) {
      storeAfter(model.nextEffectMs, intent);
      model.isListAway = true;
      schedule.after(model.listAwayMs, () => {
        model.isListAway = false;
      });
      model.nextEffectMs = undefined;
      throw failure({ status: 502 });
    }
    if (model.isCalm || chance(0.3)) return store(intent);
    if (chance(0.15)) throw rejection;
    if (chance(0.7)) storeLate(intent);
    if (chance(0.3)) return new Promise<never>(() => {});
    throw failure(gatewayFailures[between(0, gatewayFailures.length - 1)] ?? {});
  }

  const isOf = ({ label, flipNumber }: Intent, entry: Entry) =>
    entry.label === label && entry.flipNumber === flipNumber?.toString();
  const model = {
    isCalm: false,
    /** The next POST gets a 502, and takes effect this much later. */
    nextEffectMs: undefined as number | undefined,
    /** How long a POST waits for its token and its permit. */
    waitMs: 0,
    /** The process of the next POST dies when it has sent it. */
    isSenderKilled: false,
    isListAway: false,
    /** How long the list is away after that POST. */
    listAwayMs: 0,
    entries,
    store,
    post,
    list() {
      if (model.isListAway || (!model.isCalm && chance(0.1)))
        throw failure({ kind: "unavailable", status: 503 });
      return { records: entries.map((entry) => ({ ...entry })), navigation: {} };
    },
    rejectNext: () => {
      isNextRejected = true;
    },
    effectsOf: (intent: Intent) => entries.filter((entry) => isOf(intent, entry)).length,
    /** How many POSTs take effect later. */
    lateEffects: () => late,
    removeAllBut(intent: Intent): void {
      entries.splice(0, Number.POSITIVE_INFINITY, ...entries.filter((entry) => isOf(intent, entry)));
    },
  };
  return model;
}
type RingCentralModel = ReturnType<typeof createRingCentral>;

/** RingCentral may spell a number differently than it was sent. */
function spell(phoneNumber: string, how: number): string {
  const [, area, exchange, line] = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(phoneNumber) ?? [];
  const spellings = [`(${area}) ${exchange}-${line}`, `${area}${exchange}${line}`, phoneNumber.slice(1)];
  return spellings[how] ?? phoneNumber;
}

export function createWorld(schedule: Schedule) {
  const ringCentral = createRingCentral(schedule);
  const records = createMemoryRecordStore();
  let key = new Uint8Array(32);
  let names = 0;

  function processOf(instance: Instance) {
    const { clock, random } = instance;
    const table = overNetwork(records, instance);
    const ringcentral = new CachedRingCentral({
      sealingKey: async () => new Uint8Array(32),
      ringcentral: clientOf(instance, ringCentral),
      records: forgetful(table, schedule),
      clock,
      random,
      nonce: () => `name-${names++}`,
    });
    const callContext = (): CallContext => {
      return { accountId: "1", requestId: "test", deadline: deadlineIn(INVOCATION_MS, clock), log };
    };
    return { deps: { ringcentral, clock }, table, callContext };
  }

  /** Another caller reads the list, which keeps it in the cache. */
  function list(): Promise<Outcome<unknown>> {
    const instance = schedule.instance();
    const { deps, callContext } = processOf(instance);
    return instance.start(() =>
      deps.ringcentral.call(listForwardingNumbers, { path: { extensionId: "2" } }, callContext()),
    );
  }

  /** One request, in a process that may crash at every await. */
  function post(intent: Intent, idempotencyKey?: string): Promise<Outcome<HttpResponse>> {
    const instance = schedule.instance();
    const { deps, table, callContext } = processOf(instance);
    const { clock } = instance;
    return instance.start(() => {
      const call = callContext();
      const { deadline } = call;
      const run = async (step: WriteStep): Promise<HttpResponse> => {
        const request = { extensionId: "2", call, query: {}, body: intent, step };
        const { data } = await addForwardingNumber(deps, request);
        return { statusCode: 201, headers: {}, body: JSON.stringify(data) };
      };
      if (idempotencyKey === undefined) return run("run");
      const scope = { accountId: "1", callerId: "ana", operationId: "add", key: idempotencyKey };
      return withIdempotency(
        { records: table, clock, key },
        { ...scope, fingerprint: JSON.stringify(intent), deadline, tableWait: createTableWait(clock) },
        run,
        (error) => error instanceof OutcomeUnknown && error.sent,
      );
    });
  }
  /** Stored responses do not open any more. */
  const replaceSecret = () => {
    key = key.map((byte) => byte + 1);
  };
  return { ringCentral, post, list, replaceSecret };
}

/** The table, which does not take every mark of the read cache. */
function forgetful(records: RecordStore, { chance }: Schedule): RecordStore {
  return {
    ...records,
    async compareAndSet(key, ...write) {
      if (key.sort.startsWith("scope#") && chance(0.3)) throw new StorageUnavailable("test");
      return records.compareAndSet(key, ...write);
    },
  };
}

/** The client of one process: it gives up at its deadline, while RingCentral may still serve the request. */
function clientOf(instance: Instance, ringCentral: RingCentralModel): RingCentral {
  return {
    async call<Output>(
      { name, method, output }: Operation<Output>,
      { body }: OperationInput,
      { deadline }: CallContext,
    ): Promise<Output> {
      if (method === "POST") await instance.clock.sleep(ringCentral.waitMs);
      const patienceMs = Math.min(ATTEMPT_MS, deadline.remainingMs());
      if (patienceMs <= 0) throw outOfTime(name);
      const serve = (): unknown => {
        if (method !== "POST") return ringCentral.list();
        if (ringCentral.isSenderKilled) instance.crash();
        ringCentral.isSenderKilled = false;
        return ringCentral.post(body as unknown as Intent);
      };
      const reply = await Promise.race([
        instance.effect(name, serve, { once: true, reliable: true }),
        instance.clock.sleep(patienceMs).then(() => Promise.reject(failure({ kind: "timeout" }))),
      ]);
      if (output === undefined) throw new Error(`${name} is not part of the model`);
      return output.parse(reply);
    },
  };
}

const log = createLogger({}, { write: () => {} });
