import fc from "fast-check";
import { expect, it } from "vitest";
import { createLogger } from "../../lib/platform/logger.ts";
import { handleMessage, SyncMessage } from "../../lib/sync/queue/handle-message.ts";
import type { SyncOutcome } from "../../lib/sync/run/run.ts";

const runs = Number(process.env.DEEP_RUNS ?? 3000);
const PAGES = 4;

interface Message {
  body: string;
  /** Seconds; the message is not received before. */
  at: number;
}

/** One account, its sync and its queue; waiting moves the time. The property draws the steps. */
class World {
  now = 1_000;
  messages: Message[] = [];
  scannedAt: number | undefined;
  /** Changes committed and not yet published. */
  unpublished = 0;
  run: { startedAt: number; pages: number } | undefined;
  scans = 0;

  request(trigger: SyncMessage["trigger"]): void {
    this.#put({ accountId: "1", trigger, requestedAt: this.now, postponed: 0 }, 0);
  }

  #put(work: object, delaySeconds: number): void {
    this.messages.push({ body: JSON.stringify(work), at: this.now + delaySeconds * 1_000 });
  }

  /** The core's behaviour: some pages per run, a checkpoint, and a commit at the end. */
  #sync(pages: number, mayFail: boolean): SyncOutcome {
    this.run ??= { startedAt: this.now, pages: 0 };
    if (mayFail) throw new Error("killed");
    this.run.pages += pages;
    if (this.run.pages < PAGES) return { state: "continues", continueAfterMs: 5_000 };
    this.scannedAt = this.run.startedAt;
    this.run = undefined;
    this.scans += 1;
    this.unpublished += 1;
    return { state: "committed" };
  }

  /** Delivers a message. With `kept` its deletion is lost, so it is delivered again although it was handled. */
  async deliver(index: number, fate: Fate): Promise<void> {
    const due = this.messages.filter(({ at }) => at <= this.now);
    const message = due[index % Math.max(1, due.length)];
    const work = message && SyncMessage.parse(JSON.parse(message.body));
    if (message === undefined || work === undefined) return;
    const { pages, fails, duplicated } = fate;
    this.now += 1_000;
    try {
      await handleMessage(
        {
          run: async () => (fate.busy ? { state: "busy" as const } : this.#sync(pages, fails === "run")),
          scannedAt: async () => this.scannedAt,
          publish: async () => {
            if (fails === "publish") throw new Error("no bus");
            if (fails === "time") return false;
            this.unpublished = 0;
            return true;
          },
          queue: {
            send: async (body, delaySeconds = 0) => {
              if (fails === "send") throw new Error("no queue");
              this.#put(body, delaySeconds);
            },
          },
          log: createLogger({}, { write: () => {} }),
        },
        work,
      );
    } catch {
      // The visibility timeout.
      message.at = this.now + 120_000;
      return;
    }
    if (!duplicated) this.messages = this.messages.filter((each) => each !== message);
  }

  wait(): void {
    const next = Math.min(...this.messages.map(({ at }) => at));
    if (Number.isFinite(next)) this.now = Math.max(this.now, next);
  }
}

interface Fate {
  pages: number;
  fails: "run" | "send" | "publish" | "time" | undefined;
  busy: boolean;
  duplicated: boolean;
}

const fate: fc.Arbitrary<Fate> = fc.record({
  pages: fc.integer({ min: 1, max: PAGES }),
  fails: fc.option(fc.constantFrom("run", "send", "publish", "time"), { nil: undefined }),
  busy: fc.boolean(),
  duplicated: fc.boolean(),
});
const step = fc.oneof(
  fc.record({ request: fc.constantFrom<SyncMessage["trigger"]>("schedule", "request", "hint") }),
  fc.record({ deliver: fc.nat(5), fate }),
  fc.record({ wait: fc.nat(1) }),
);
const smooth: Fate = { pages: PAGES, fails: undefined, busy: false, duplicated: false };

it("completes every request with a full scan begun after it, publishes all changes and empties the queue, whatever fails or comes twice", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const world = new World();
      let lastRequest: number | undefined;
      for (const each of steps) {
        if ("request" in each) {
          world.request(each.request);
          if (each.request !== "schedule") lastRequest = world.now;
        } else if ("deliver" in each) await world.deliver(each.deliver, each.fate);
        else world.wait();
        world.now += 10;
      }
      // From here on, nothing fails.
      for (let left = 200; world.messages.length > 0; left -= 1) {
        expect(left, "the queue comes to rest").toBeGreaterThan(0);
        world.wait();
        await world.deliver(0, smooth);
      }
      expect(world.unpublished).toBe(0);
      expect(world.run).toBeUndefined();
      if (lastRequest !== undefined) expect(world.scannedAt).toBeGreaterThanOrEqual(lastRequest);
    }),
    { numRuns: runs },
  );
});

it("a burst of duplicates costs one full scan", async () => {
  const world = new World();
  world.request("request");
  const [message] = world.messages;
  if (message !== undefined) world.messages.push({ ...message }, { ...message }, { ...message });
  while (world.messages.length > 0) await world.deliver(0, smooth);
  expect(world.scans).toBe(1);
});
