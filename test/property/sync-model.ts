import { inflateRawSync } from "node:zlib";
import * as z from "zod/mini";
import type { NumberChange, PhoneNumber } from "../../lib/contract/company-numbers.ts";
import type { Position } from "../../lib/contract/paging.ts";
import { ProblemError } from "../../lib/contract/problems.ts";
import { upstreamProblem } from "../../lib/http/upstream-problem.ts";
import { toPhoneNumber } from "../../lib/numbers/company-numbers.ts";
import { canonicalJson } from "../../lib/platform/content-tag.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import type { RingCentral } from "../../lib/ringcentral/api/operation.ts";
import { wireCompanyNumber } from "../../lib/ringcentral/api/wire.ts";
import { listNumberChanges } from "../../lib/sync/list-number-changes.ts";
import { handleMessage, SyncMessage } from "../../lib/sync/queue/handle-message.ts";
import type { SyncEvent, SyncOutcome } from "../../lib/sync/run/run.ts";
import { runSync } from "../../lib/sync/run/run-sync.ts";
import { publishChanges } from "../../lib/sync/snapshot/change-log.ts";
import { HEAD, type Head, scannedAt } from "../../lib/sync/snapshot/head.ts";
import { readSnapshotPage } from "../../lib/sync/snapshot/snapshot.ts";
import { readWholeSnapshot } from "../../lib/sync/snapshot/snapshot-store.ts";
import { SyncRecords } from "../../lib/sync/snapshot/sync-records.ts";
import { createMemoryRecordStore, overNetwork } from "../support/memory-record-store.ts";
import { type AccountNumber, createNumberAccount, numberOf } from "../support/number-account.ts";
import type { Instance, Schedule } from "../support/schedule.ts";

export const ACCOUNT = "3700111";
export const SECOND = 1_000;
export const MINUTE = 60_000;
/** Twice the largest clock error of an instance: one instance may compare a time that another wrote. */
const SKEW_MS = 10 * SECOND;

const silent = createLogger({}, { write: () => {} });
const asPhoneNumber = (number: AccountNumber): PhoneNumber => toPhoneNumber(wireCompanyNumber.parse(number));

export type Numbers = Map<string, PhoneNumber>;

/** Ids of the numbers that differ between both. */
export function differing(one: Numbers, other: Numbers): string[] {
  return [...new Set([...one.keys(), ...other.keys()])].filter(
    (id) => canonicalJson(one.get(id)) !== canonicalJson(other.get(id)),
  );
}

export type World = ReturnType<typeof createWorld>;

/** RingCentral, the table, the bus, and the complete history of all three, by true time. */
export function createWorld(schedule: Schedule, count: number) {
  const records = createMemoryRecordStore();
  const upstream = createNumberAccount();
  const history = new Map<string, Array<{ at: number; text: string | undefined }>>();
  const heads: Array<{ at: number; head: Head }> = [];
  const published: number[] = [];
  const events: SyncEvent[] = [];
  const writers = new Map<string, number>();
  /** Writes of former holders after a later one's. */
  const relapses: string[] = [];
  let nextId = 1;

  const note = (id: number, number: AccountNumber | undefined) => {
    const known = history.get(String(id)) ?? [{ at: 0, text: undefined }];
    known.push({ at: schedule.clock.now(), text: number && canonicalJson(asPhoneNumber(number)) });
    history.set(String(id), known);
  };
  const world = {
    schedule,
    records,
    upstream,
    heads,
    published,
    events,
    relapses,
    /** The permission fingerprint that instances read. */
    fingerprint: () => "app",
    add(more: Partial<AccountNumber> = {}) {
      const number = numberOf(nextId++, more);
      upstream.put(number);
      note(number.id, number);
    },
    change(id: number, label: string) {
      upstream.edit(id, { label });
      const number = upstream.numbers.get(String(id));
      if (number !== undefined) note(id, number);
    },
    remove(id: number) {
      if (!upstream.numbers.has(String(id))) return;
      upstream.remove(id);
      note(id, undefined);
    },
    randomId: () => schedule.between(1, nextId - 1),
    /** A random edit of any kind. */
    edit() {
      const kind = schedule.between(1, 14);
      if (kind > 10) {
        // The list keeps its length, and every number behind the gap moves up by one.
        const [first] = upstream.numbers.keys();
        if (first !== undefined) world.remove(Number(first));
        world.add();
      } else if (kind <= 4) world.add(schedule.chance(0.2) ? { usageType: "CompanyNumber" } : {});
      else if (kind <= 7) world.change(world.randomId(), `label ${schedule.between(1, 1_000)}`);
      else world.remove(world.randomId());
    },
    upstreamNumbers: (): Numbers =>
      new Map([...upstream.numbers].map(([id, number]) => [id, asPhoneNumber(number)])),
    /** Whether the number had this value (or was absent, for undefined) at some instant of the span. */
    wasSo(id: string, number: PhoneNumber | undefined, from: number, to: number): boolean {
      const text = number && canonicalJson(number);
      const known = history.get(id) ?? [{ at: 0, text: undefined }];
      return known.some(
        (state, index) => state.text === text && state.at <= to && (known[index + 1]?.at ?? to) >= from,
      );
    },
    numbersOf: async (head: Head): Promise<Numbers> => {
      const { numbers } = await readWholeSnapshot(new SyncRecords(records, ACCOUNT), head);
      return new Map(numbers.map((number) => [number.id, number]));
    },
  };
  records.onWrite = ({ sort }, _version, json) => {
    if (sort === HEAD) heads.push({ at: schedule.clock.now(), head: JSON.parse(json) });
    if (sort !== "quarantine" && sort !== "runs") return;
    const text = sort === "runs" ? inflateRawSync(Buffer.from(JSON.parse(json).deflated, "base64")) : json;
    const { generation } = z.object({ generation: z.number() }).parse(JSON.parse(String(text)));
    if (generation < (writers.get(sort) ?? 0))
      relapses.push(`${sort} of run ${generation} after a later one`);
    writers.set(sort, generation);
  };
  for (let n = 0; n < count; n += 1) world.add();
  return world;
}

/** RingCentral as an instance reaches it: slow, sometimes unreachable, with its random failures. */
function clientFor(world: World, instance: Instance, moods: Moods): RingCentral {
  const { schedule, upstream } = world;
  return {
    async call(operation, input, context) {
      const timedOut = () =>
        new RingCentralError({ kind: "timeout", operation: operation.name, mayHaveTakenEffect: false });
      const response = instance.effect(
        operation.name,
        () => {
          if (schedule.chance(moods.editRate)) world.edit();
          if (schedule.chance(moods.limitRate)) {
            const retryAfterMs = schedule.between(1, 60) * SECOND;
            const failure = { kind: "rate_limited", operation: operation.name, retryAfterMs } as const;
            throw new RingCentralError({ ...failure, mayHaveTakenEffect: false });
          }
          if (schedule.chance(moods.clampRate)) upstream.maxPerPage = schedule.between(...moods.perPage);
          return upstream.respond(operation, input);
        },
        { once: true, latencyMs: [20, 1_500], lost: timedOut },
      );
      const remainingMs = context.deadline.remainingMs();
      const late = instance.clock.sleep(remainingMs).then(() => Promise.reject(timedOut()));
      const body = await Promise.race([response, late]);
      if (operation.output === undefined) throw new Error("no schema");
      return operation.output.parse(body);
    },
  };
}

export interface Moods {
  /** Called at each call. */
  editRate: number;
  limitRate: number;
  clampRate: number;
  perPage: readonly [number, number];
}

export const calm: Moods = { editRate: 0, limitRate: 0, clampRate: 0, perPage: [1_000, 1_000] };

/** One run of an instance. */
async function runOn(
  world: World,
  instance: Instance,
  moods: Moods,
  withinMs: number,
  queueRecheck = async (_afterMs: number) => {},
): Promise<SyncOutcome> {
  const result = await runSync(
    {
      records: overNetwork(world.records, instance),
      ringcentral: clientFor(world, instance, moods),
      clock: instance.clock,
      random: instance.random,
      fingerprint: async () => world.fingerprint(),
      problemOf: upstreamProblem,
      queueRecheck,
      onEvent: (event) => world.events.push(event),
    },
    {
      accountId: ACCOUNT,
      trigger: "schedule",
      deadline: deadlineIn(withinMs, instance.clock, 0),
      requestId: instance.name,
      log: silent,
    },
  );
  world.schedule.note(`${instance.name} ends: ${JSON.stringify(result)}`);
  return result;
}

/** A process that gets one message of the queue. */
export function startWorker(world: World, moods: Moods, withinMs: number) {
  const { schedule } = world;
  const instance = schedule.instance();
  const records = overNetwork(world.records, instance);
  const outcome = instance.start(async (): Promise<SyncOutcome> => {
    const result = await runOn(world, instance, moods, withinMs);
    const publish = (changes: readonly NumberChange[]) =>
      instance.effect(
        "publish",
        () => {
          world.published.push(...changes.map(({ sequence }) => sequence));
        },
        { once: true },
      );
    await publishChanges({ records, publish, hasTime: () => true }, ACCOUNT);
    return result;
  });
  return { instance, outcome };
}

/**
 * Delivers a message until it is handled, as the queue does: again after a failure, later as told, and sometimes twice.
 */
export async function deliver(world: World, moods: Moods, until: number): Promise<void> {
  const { schedule } = world;
  for (let deliveries = 0; deliveries < 40 && schedule.clock.now() < until; deliveries += 1) {
    const { outcome } = startWorker(world, moods, schedule.between(15, 240) * SECOND);
    const end = await outcome;
    const state = end.status === "done" ? end.value.state : "crashed";
    if (state === "committed" || state === "unchanged" || state === "quarantined") return;
    const waitMs = (end.status === "done" ? end.value.continueAfterMs : undefined) ?? 30 * SECOND;
    await schedule.clock.sleep(waitMs);
  }
}

/** A queue as SQS is: a message whose handler fails or dies is received again later. */
export function createQueue(world: World) {
  const { schedule } = world;
  const messages: { at: number; message: SyncMessage }[] = [];
  const put = (message: SyncMessage, delaySeconds = 0) => {
    messages.push({ at: schedule.clock.now() + delaySeconds * SECOND, message });
  };

  async function handle(message: SyncMessage): Promise<boolean> {
    const instance = schedule.instance();
    const records = new SyncRecords(overNetwork(world.records, instance), ACCOUNT);
    const send = async (body: object, delaySeconds = 0) => {
      await instance.effect("send", () => put(SyncMessage.parse(body), delaySeconds), { once: true });
    };
    const deps = {
      run: (_message: SyncMessage, queueRecheck: (afterMs: number) => Promise<void>) =>
        runOn(world, instance, calm, 4 * MINUTE, queueRecheck),
      scannedAt: () => scannedAt(records),
      publish: async () => true,
      queue: { send },
      log: silent,
    };
    return (await instance.start(() => handleMessage(deps, message)).then(({ status }) => status)) === "done";
  }

  /** Handles all messages, also those that come of them. */
  async function drain(): Promise<void> {
    for (let next = messages.shift(); next !== undefined; next = messages.shift()) {
      const { message } = next;
      await schedule.clock.sleep(next.at - schedule.clock.now());
      if (!(await handle(message))) put(message, 120);
      messages.sort((one, other) => one.at - other.at);
    }
  }
  return { put, drain };
}

/** A client that loads the list and then follows the changes. */
export function createFollower(world: World) {
  const { schedule } = world;
  const reading = { records: world.records, now: schedule.clock.now };
  const numbers: Numbers = new Map();
  const sequences: number[] = [];
  let position: Position | undefined;

  async function load(): Promise<boolean> {
    const start = await listNumberChanges(reading, { accountId: ACCOUNT, page: { limit: 10 } }).catch(
      (error: unknown) => {
        if (error instanceof ProblemError && error.code === "snapshot_missing") return undefined;
        throw error;
      },
    );
    if (start?.snapshot === undefined) return false;
    let from: Position | undefined = start.snapshot;
    while (from !== undefined) {
      const page = { limit: schedule.between(1, 40), position: from };
      const read = await readSnapshotPage(reading, { accountId: ACCOUNT, filter: {}, page });
      if (read === undefined) throw new Error("the snapshot is gone");
      for (const number of read.items) {
        if (numbers.has(number.id)) throw new Error(`number ${number.id} twice in one iteration`);
        numbers.set(number.id, number);
      }
      from = read.next;
      await schedule.clock.sleep(schedule.between(0, 5 * SECOND));
    }
    position = start.next;
    return true;
  }

  /** Follows to the end of the feed. @returns the version of the client then */
  async function follow(): Promise<number | undefined> {
    if (position === undefined && !(await load())) return undefined;
    for (;;) {
      const page = { limit: schedule.between(1, 30), ...(position && { position }) };
      const read = await listNumberChanges(reading, { accountId: ACCOUNT, page });
      for (const { sequence, type, id, phoneNumber } of read.items) {
        sequences.push(sequence);
        const isKnown = numbers.has(id);
        if ((type === "added") === isKnown) throw new Error(`${type} number ${id} when known: ${isKnown}`);
        if (phoneNumber === undefined) numbers.delete(id);
        else numbers.set(id, phoneNumber);
      }
      position = read.next;
      if (!read.hasMore) return Number(read.next.version) - 1;
    }
  }
  return { numbers, sequences, follow };
}

/**
 * The promises about every commit. Each number of a version had its value, and each removed number was gone, at some
 * instant between the start of the scan and the commit. (A number added since the previous version may be late: a list
 * read in pages can hide one. It may never be lost; that shows at the end.)
 */
export async function findUntruths(world: World): Promise<string[]> {
  const wrong = [...world.relapses];
  let before: { head: Head; numbers: Numbers } | undefined;
  let generation = 0;
  for (const { at, head } of world.heads) {
    if (head.generation < generation) wrong.push(`generation fell to ${head.generation}`);
    generation = head.generation;
    if (head.latest === undefined) continue;
    const isChecked = before === undefined || before.head.checkedAt !== head.checkedAt;
    const isNew = before === undefined || before.head.version !== head.version;
    if (!isChecked && !isNew) continue;
    const numbers = isNew ? await world.numbersOf(head) : (before?.numbers ?? new Map());
    const from = head.checkedAt - SKEW_MS;
    for (const [id, number] of numbers) {
      if (!world.wasSo(id, number, from, at)) wrong.push(`version ${head.version}: ${id} was not so`);
    }
    if (before !== undefined) {
      for (const id of before.numbers.keys()) {
        if (!numbers.has(id) && !world.wasSo(id, undefined, from, at)) {
          wrong.push(`version ${head.version}: ${id} removed although it was there`);
        }
      }
      if (isNew && head.version !== before.head.version + 1)
        wrong.push(`version ${head.version} out of turn`);
      const grown = head.sequence - before.head.sequence;
      if (grown !== (isNew ? head.latest.changes : 0)) wrong.push(`sequence grew by ${grown}`);
    }
    if (head.total !== numbers.size) wrong.push(`version ${head.version}: total ${head.total}`);
    before = { head, numbers };
  }
  return wrong;
}
