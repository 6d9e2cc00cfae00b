import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import { createMetrics } from "../../lib/platform/metrics.ts";
import { RingCentralError, type RingCentralFailure } from "../../lib/ringcentral/api/errors.ts";
import type {
  CallContext,
  Operation,
  OperationInput,
  RingCentral,
} from "../../lib/ringcentral/api/operation.ts";
import { CachedRingCentral } from "../../lib/ringcentral/cache/cached-client.ts";
import { createMemoryRecordStore, overNetwork } from "../support/memory-record-store.ts";
import { createSchedule, type Instance, type Schedule } from "../support/schedule.ts";

// A register per extension stands for RingCentral: every write stores the next number, every read returns it.

/** The latest moment at which RingCentral completes a write, after it was sent. */
const LATEST_EFFECT_MS = 120_000;
const RUNS = Number(process.env.DEEP_RUNS ?? 300);
const EXTENSIONS = ["3800222", "3800333"];

const readRegister: Operation<unknown> = {
  name: "readRegister",
  method: "GET",
  path: "/account/{accountId}/register",
  group: "light",
  scope: "forwarding",
  freshMs: 15_000,
};
const writeRegister: Operation<unknown> = { ...readRegister, name: "writeRegister", method: "POST" };

interface Value {
  extension: string;
  count: number;
}

interface Read {
  extension: string;
  /** Number of the last write acknowledged before this read began. */
  acknowledgedBefore: number;
  value: Value;
  asOf: number;
  now: number;
  fromCache: boolean;
  forcedLive: boolean;
}

const failure = (details: Partial<RingCentralFailure>) =>
  new RingCentralError({
    kind: "bad_response",
    operation: "register",
    mayHaveTakenEffect: false,
    ...details,
  });

/** A write that a gateway gave up, and that takes effect later. */
class LateWrite extends RingCentralError {
  onEffect: ((value: Value) => void) | undefined;
  constructor(schedule: Schedule, afterMs: number, act: () => Value) {
    super({ kind: "bad_response", operation: "register", status: 502, mayHaveTakenEffect: true });
    schedule.after(afterMs, () => {
      const value = act();
      this.onEffect?.(value);
    });
  }
}

/** @param whenLate called when a write will take effect in `afterMs` */
function world(seed: number, whenLate: (extension: string, afterMs: number) => void) {
  const schedule = createSchedule({
    seed,
    crashRate: 0.02,
    pauseRate: 0.02,
    loseRequestRate: 0.03,
    loseResponseRate: 0.03,
    lateRequestRate: 0.02,
    duplicateRate: 0.03,
  });
  const table = createMemoryRecordStore();
  const upstream = new Map(EXTENSIONS.map((extension) => [extension, 0]));
  const acknowledged = new Map(EXTENSIONS.map((extension) => [extension, 0]));
  const reads: Read[] = [];
  let names = 0;

  /** RingCentral over a network that loses requests and responses. */
  function register(instance: Instance): RingCentral {
    return {
      async call<Output>(operation: Operation<Output>, input: { path?: Readonly<Record<string, string>> }) {
        const extension = input.path?.extensionId ?? "";
        const isWrite = operation.method !== "GET";
        if (schedule.chance(0.1)) throw failure({ kind: "rate_limited", status: 429 });
        if (schedule.chance(0.2)) {
          // Another write may begin and end before the rejection is there.
          await instance.clock.sleep(schedule.between(0, 500));
          throw failure({ kind: "limited_mode", status: 503 });
        }
        const act = () => {
          const count = (upstream.get(extension) ?? 0) + (isWrite ? 1 : 0);
          upstream.set(extension, count);
          return { extension, count };
        };
        if (isWrite && schedule.chance(0.1)) {
          const afterMs = LATEST_EFFECT_MS ** schedule.random();
          whenLate(extension, afterMs);
          throw new LateWrite(schedule, afterMs, act);
        }
        const value = await instance.effect<Value>(operation.name, act, {
          once: true,
          lost: (arrived) => failure({ kind: "timeout", mayHaveTakenEffect: arrived || isWrite }),
        });
        return value as Output;
      },
    };
  }

  /** Reads of one process under one name share their exchange, as the client's do. */
  function sharing(ringcentral: RingCentral): RingCentral {
    const shared = new Map<string, Promise<unknown>>();
    return {
      call<Output>(operation: Operation<Output>, input: OperationInput, context: CallContext) {
        if (operation.method !== "GET") return ringcentral.call(operation, input, context);
        const name = JSON.stringify([input.path, context.flight]);
        const exchange = shared.get(name) ?? ringcentral.call(operation, input, context);
        shared.set(name, exchange);
        const ended = () => void (shared.get(name) === exchange && shared.delete(name));
        exchange.then(ended, ended);
        return exchange as Promise<Output>;
      },
    };
  }

  function processOf(instance: Instance) {
    /**
     * Writes after which the cache could not be invalidated, from the metrics: the table was unavailable throughout.
     */
    let uncertain = 0;
    const metrics = {
      ...createMetrics({ write: () => {} }),
      count: (name: string) => void (name === "CacheInvalidationFailures" && uncertain++),
    };
    const client = new CachedRingCentral({
      sealingKey: async () => new Uint8Array(32),
      ringcentral: sharing(register(instance)),
      records: overNetwork(table, instance),
      clock: instance.clock,
      random: schedule.random,
      nonce: () => `name-${names++}`,
      metrics,
    });
    const context = (more: Partial<CallContext> = {}): CallContext => ({
      accountId: "3700111",
      requestId: "request",
      deadline: deadlineIn(12_000, instance.clock),
      log: createLogger({}, { write: () => {} }),
      ...more,
    });
    return {
      async write(extension: string): Promise<void> {
        const before = uncertain;
        const acknowledge = ({ count }: Value) => {
          acknowledged.set(extension, Math.max(acknowledged.get(extension) ?? 0, count));
        };
        try {
          const output = await client.call(writeRegister, { path: { extensionId: extension } }, context());
          if (uncertain === before) acknowledge(output as Value);
        } catch (error) {
          // Its caller asks again, at once or later, and is told of the effect that a look finds.
          if (error instanceof LateWrite && uncertain === before) error.onEffect = acknowledge;
          throw error;
        }
      },
      async read(extension: string, forcedLive: boolean): Promise<void> {
        const acknowledgedBefore = acknowledged.get(extension) ?? 0;
        let reading = { source: "none", asOf: 0 };
        const freshness = forcedLive ? { freshness: { maxAgeMs: 0 } } : {};
        const value = (await client.call(
          readRegister,
          { path: { extensionId: extension } },
          context({
            ...freshness,
            onReading: (told) => {
              reading = told;
            },
          }),
        )) as Value;
        const { source, asOf } = reading;
        const now = instance.clock.now();
        reads.push({
          extension,
          acknowledgedBefore,
          value,
          asOf,
          now,
          fromCache: source === "cache",
          forcedLive,
        });
      },
    };
  }

  return { schedule, processOf, reads, upstream, table };
}

interface Step {
  afterMs: number;
  process: number;
  extension: number;
  what: "read" | "write" | "live";
}

const steps = fc.array(
  fc.record<Step>({
    afterMs: fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 0, max: 60 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 60_000 }) },
    ),
    process: fc.integer({ min: 0, max: 3 }),
    extension: fc.integer({ min: 0, max: 9 }).map((n) => (n === 9 ? 1 : 0)),
    what: fc.constantFrom("read", "read", "write", "live"),
  }),
  { minLength: 2, maxLength: 30 },
);

async function play(seed: number, script: readonly Step[]) {
  const { schedule, processOf, reads, table } = world(seed, (extension, afterMs) => {
    // Reads shortly before and after the effect.
    for (const offsetMs of [schedule.between(-10_000, 0), schedule.between(0, 3_000)]) {
      schedule.after(afterMs + offsetMs, () => {
        const [instance, client] = alive(schedule.between(0, 3));
        void instance.start(() => client.read(extension, false));
      });
    }
  });
  const processes = new Map<number, [Instance, ReturnType<typeof processOf>]>();
  const alive = (number: number): [Instance, ReturnType<typeof processOf>] => {
    const known = processes.get(number);
    if (known && !known[0].crashed) return known;
    const instance = schedule.instance();
    const made: [Instance, ReturnType<typeof processOf>] = [instance, processOf(instance)];
    processes.set(number, made);
    return made;
  };
  let at = 0;
  for (const { afterMs, process, extension, what } of script) {
    at += afterMs;
    schedule.after(at, () => {
      const [instance, client] = alive(process);
      const name = EXTENSIONS[extension] ?? "";
      void instance.start(() => (what === "write" ? client.write(name) : client.read(name, what === "live")));
    });
  }
  await schedule.run();
  return { reads, table, schedule };
}

const explain = (schedule: Schedule, read: Read) => `${JSON.stringify(read)}\n${schedule.trace().join("\n")}`;

describe("the read cache", () => {
  it("never shows less than was acknowledged before the read began, and never another extension's data", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), steps, async (seed, script) => {
        const { reads, schedule } = await play(seed, script);
        for (const read of reads) {
          const { extension, acknowledgedBefore, value } = read;
          expect(value.extension, explain(schedule, read)).toBe(extension);
          expect(value.count, explain(schedule, read)).toBeGreaterThanOrEqual(acknowledgedBefore);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("never serves a forced read from the cache, nor a response more than an hour old", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), steps, async (seed, script) => {
        const { reads, schedule } = await play(seed, script);
        for (const read of reads) {
          if (read.forcedLive) expect(read.fromCache, explain(schedule, read)).toBe(false);
          // Two clocks, each up to 5 s off, and the time of the call itself.
          expect(read.now - read.asOf, explain(schedule, read)).toBeLessThan(3_600_000 + 25_000);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("serves most reads of a quiet extension from the cache", async () => {
    const quiet = Array.from(
      { length: 20 },
      (_, index): Step => ({
        afterMs: 500,
        process: index % 4,
        extension: 0,
        what: "read",
      }),
    );
    const { reads } = await play(1, quiet);
    expect(reads.filter(({ fromCache }) => fromCache).length).toBeGreaterThan(reads.length / 2);
  });
});
