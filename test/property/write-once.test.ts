import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withIdempotency } from "../../lib/http/idempotency/with-idempotency.ts";
import type { HttpResponse } from "../../lib/http/response.ts";
import { createOnce } from "../../lib/numbers/write-once.ts";
import type { Clock } from "../../lib/platform/clock.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import { RingCentralError, type RingCentralFailure } from "../../lib/ringcentral/api/errors.ts";
import type { RecordStore } from "../../lib/storage/record-store.ts";
import { createMemoryRecordStore } from "../support/memory-record-store.ts";

/** The fate of one POST. RingCentral stores the same number twice without an error. */
const fates = [
  "fine",
  "rejected",
  "reset before",
  "reset after",
  "500 before",
  "500 after",
  "timeout, never processed",
  "timeout, processed",
  "timeout, processed late",
  "in flight elsewhere",
  "died before sending",
  "died after sending",
  "died before writing it down",
] as const;
type Fate = (typeof fates)[number];

interface Resource {
  id: number;
  number: string;
}

/** Time moves only in a sleep. */
function movingClock(): Clock & { move(ms: number): void } {
  let now = Date.parse("2026-01-01T00:00:00Z");
  return {
    now: () => now,
    sleep: async (ms) => {
      now += ms;
    },
    move: (ms) => {
      now += ms;
    },
  };
}

const ambiguous = (details: Partial<RingCentralFailure>) =>
  new RingCentralError({ kind: "broken", operation: "add", mayHaveTakenEffect: true, ...details });

const log = createLogger({}, { write: () => {} });

const died = Symbol("died");

function world() {
  const clock = movingClock();
  const resources: Resource[] = [];
  const late: (() => void)[] = [];
  const records = createMemoryRecordStore();
  const store = (number: string): Resource => {
    const resource = { id: resources.length + 1, number };
    resources.push(resource);
    return resource;
  };

  /** One invocation in its own process, which may die at any step. */
  function invoke(fate: Fate, number: string): Promise<HttpResponse | typeof died | Error> {
    let die: (value: typeof died) => void = () => {};
    const death = new Promise<typeof died>((resolve) => {
      die = resolve;
    });
    const dead = (): Promise<never> => {
      die(died);
      return new Promise(() => {});
    };
    const deadline = deadlineIn(15_000, clock);
    const call = { accountId: "1", requestId: "test", deadline, log };
    let sends = 0;
    const send = async (): Promise<Resource> => {
      sends += 1;
      if (sends > 1) return store(number);
      switch (fate) {
        case "rejected":
          throw ambiguous({ kind: "rejected", status: 400, mayHaveTakenEffect: false });
        case "reset before":
        case "500 before":
          throw ambiguous({});
        case "reset after":
        case "500 after":
          store(number);
          throw ambiguous({});
        case "timeout, never processed":
          throw ambiguous({ kind: "timeout" });
        case "timeout, processed":
          store(number);
          throw ambiguous({ kind: "timeout" });
        case "timeout, processed late":
          late.push(() => store(number));
          throw ambiguous({ kind: "timeout" });
        case "in flight elsewhere":
          late.push(() => store(number));
          throw ambiguous({ kind: "rejected", status: 429, errorCode: "CMN-304" });
        case "died before sending":
          return dead();
        case "died after sending":
          store(number);
          return dead();
        default:
          return store(number);
      }
    };
    const run = async (resolveFirst: boolean): Promise<HttpResponse> => {
      const find = async () => resources.find((resource) => resource.number === number);
      const resource = await createOnce({ clock, call, resolveFirst }, send, find);
      if (fate === "died before writing it down") return dead();
      return { statusCode: 201, headers: {}, body: JSON.stringify(resource) };
    };
    const request = {
      accountId: "1",
      subject: "ana",
      operationId: "add",
      key: "k",
      fingerprint: number,
      answerBy: deadline.at,
    };
    const mayHave = (error: unknown) => error instanceof RingCentralError && error.failure.mayHaveTakenEffect;
    const attempt = withIdempotency(
      { records: records as RecordStore, clock, key: new Uint8Array(32) },
      request,
      run,
      mayHave,
    );
    return Promise.race([attempt.catch((error: Error) => error), death]);
  }

  return { clock, resources, late, invoke };
}

const runs = Number(process.env.DEEP_RUNS ?? 400);

describe("a POST with an Idempotency-Key, repeated until it gets a response", () => {
  it("takes effect once, and returns the same response from then on, whatever happens in between", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...fates), { maxLength: 8 }), async (fateful) => {
        const { clock, resources, late, invoke } = world();
        const number = "+12025550143";
        let answer: HttpResponse | undefined;
        for (const fate of [...fateful, "fine" as const, "fine" as const]) {
          const outcome = await invoke(fate, number);
          if (outcome !== died && !(outcome instanceof Error)) {
            if (answer !== undefined) {
              expect(outcome.body).toBe(answer.body);
              expect(outcome.headers["idempotency-replayed"]).toBe("true");
            }
            answer ??= outcome;
          }
          // Late effects happen long before the lease of a dead process ends.
          for (const effect of late.splice(0)) effect();
          clock.move(30_000);
        }
        expect(resources).toHaveLength(1);
        expect(answer?.body).toBe(JSON.stringify(resources[0]));
      }),
      { numRuns: runs },
    );
  });

  it("is rejected while it is in progress, and with another request", async () => {
    const { clock, invoke, resources } = world();
    await invoke("died after sending", "+12025550143");
    expect(await invoke("fine", "+12025550143")).toMatchObject({ code: "idempotency_in_progress" });
    expect(await invoke("fine", "+12025550144")).toMatchObject({ code: "idempotency_key_reused" });
    clock.move(30_000);
    expect(await invoke("fine", "+12025550143")).toMatchObject({ statusCode: 201 });
    expect(resources).toHaveLength(1);
  });

  it("may be used for something new after a day", async () => {
    const { clock, invoke } = world();
    await invoke("fine", "+12025550143");
    clock.move(25 * 60 * 60 * 1000);
    expect(await invoke("fine", "+12025550144")).toMatchObject({ statusCode: 201 });
  });

  it("is free again after a rejection that changed nothing", async () => {
    const { invoke, resources } = world();
    expect(await invoke("rejected", "+12025550143")).toBeInstanceOf(RingCentralError);
    expect(await invoke("fine", "+12025550144")).toMatchObject({ statusCode: 201 });
    expect(resources).toHaveLength(1);
  });
});

describe("a POST without a key", () => {
  it("never makes a second resource of one request", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...fates.filter((fate) => !fate.startsWith("died"))), async (fate) => {
        const { invoke, resources, late } = world();
        await invoke(fate, "+12025550143");
        for (const effect of late.splice(0)) effect();
        expect(resources.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
  });
});
