import { beforeEach, describe, expect, it } from "vitest";
import { createLogger } from "../../../../lib/platform/logger.ts";
import { QueueUnavailable } from "../../../../lib/platform/message-queue.ts";
import {
  type HandleMessageDeps,
  handleMessage,
  SyncMessage,
} from "../../../../lib/sync/queue/handle-message.ts";
import type { SyncOutcome } from "../../../../lib/sync/run/run.ts";

const ACCOUNT = "3700111";
const work = (fields: Partial<SyncMessage> = {}): SyncMessage => ({
  accountId: ACCOUNT,
  trigger: "schedule",
  requestedAt: 1_000,
  postponed: 0,
  ...fields,
});
const problem = { code: "upstream_unavailable", title: "t", detail: "d", at: "2026-01-01T00:00:00Z" };

let outcome: SyncOutcome;
/** Start of the last complete full scan; `run` sets it as a committed run does. */
let scanned: number | undefined;
let scanStartsAt: number;
let runs: SyncMessage[];
let published: number;
let isAllPublished: boolean;
let sent: { body: object; delaySeconds: number }[];
let deps: HandleMessageDeps;

beforeEach(() => {
  outcome = { state: "committed", version: 2 };
  scanned = undefined;
  scanStartsAt = 2_000;
  runs = [];
  published = 0;
  isAllPublished = true;
  sent = [];
  deps = {
    log: createLogger({}, { write: () => true }),
    scannedAt: async () => scanned,
    run: async (each) => {
      runs.push(each);
      if (outcome.state === "committed" || outcome.state === "unchanged") scanned = scanStartsAt;
      return outcome;
    },
    publish: async () => {
      published += 1;
      return isAllPublished;
    },
    queue: {
      async send(body, delaySeconds = 0) {
        sent.push({ body, delaySeconds });
      },
    },
  };
});

describe("handling a message", () => {
  it("runs a sync, then publishes its changes", async () => {
    await handleMessage(deps, work());
    expect(runs).toHaveLength(1);
    expect(published).toBe(1);
    expect(sent).toEqual([]);
  });

  it("only publishes when a full scan began after the request, as in a second delivery", async () => {
    await handleMessage(deps, work());
    await handleMessage(deps, work());
    expect(runs).toHaveLength(1);
    expect(published).toBe(2);
  });

  it("queues a message that publishes the rest when time is up", async () => {
    isAllPublished = false;
    await handleMessage(deps, work());
    expect(sent).toEqual([{ body: work(), delaySeconds: 0 }]);
    isAllPublished = true;
    await handleMessage(deps, work());
    expect(runs).toHaveLength(1);
    expect(sent).toHaveLength(1);
  });

  it("continues with a new message, after the delay of the run", async () => {
    outcome = { state: "continues", continueAfterMs: 41_500 };
    await handleMessage(deps, work({ postponed: 3 }));
    expect(sent).toEqual([{ body: work(), delaySeconds: 42 }]);
    expect(published).toBe(0);
  });

  it("is postponed while another sync of the account is running, 30 times at most", async () => {
    outcome = { state: "busy", continueAfterMs: 20_000 };
    await handleMessage(deps, work());
    expect(sent).toEqual([{ body: work({ postponed: 1 }), delaySeconds: 20 }]);
    sent = [];
    await handleMessage(deps, work({ postponed: 30 }));
    expect(sent).toEqual([]);
  });

  it.each(["request", "hint"] as const)(
    "scans once more for a %s when the run it joined began before it",
    async (trigger) => {
      scanStartsAt = 500;
      await handleMessage(deps, work({ trigger }));
      expect(sent).toEqual([{ body: work({ trigger, postponed: 1 }), delaySeconds: 0 }]);
      sent = [];
      await handleMessage(deps, work());
      expect(sent).toEqual([]);
    },
  );

  it("is redelivered after a transient failure, and ends after a permanent one", async () => {
    outcome = { state: "failed", problem: { ...problem, retryable: true } };
    await expect(handleMessage(deps, work())).rejects.toThrow("upstream_unavailable");
    outcome = { state: "failed", problem: { ...problem, retryable: false } };
    await expect(handleMessage(deps, work())).resolves.toBeUndefined();
    expect(sent).toEqual([]);
  });

  it("queues a run that failed after all its repetitions again, a few times", async () => {
    outcome = { state: "failed", problem: { ...problem, retryable: true }, hasWaited: true };
    let message: SyncMessage | undefined = work();
    const delays = [];
    while (message !== undefined) {
      await handleMessage(deps, message);
      const [next] = sent.splice(0);
      message = next && SyncMessage.parse(next.body);
      delays.push(next?.delaySeconds);
    }
    expect(delays).toEqual([120, 120, 120, 120, undefined]);
  });

  it("queues the re-check of a quarantine", async () => {
    outcome = { state: "quarantined", removed: 60 };
    deps.run = async (_message, queueRecheck) => {
      await queueRecheck(300_000);
      return outcome;
    };
    await handleMessage(deps, work());
    expect(sent).toEqual([{ body: work(), delaySeconds: 300 }]);
    expect(published).toBe(0);
  });

  it("fails when the next message cannot be queued or the changes cannot be published", async () => {
    deps.queue.send = () => Promise.reject(new QueueUnavailable("away"));
    outcome = { state: "continues" };
    await expect(handleMessage(deps, work())).rejects.toBeInstanceOf(QueueUnavailable);
    outcome = { state: "committed" };
    deps.publish = () => Promise.reject(new Error("no bus"));
    await expect(handleMessage(deps, work())).rejects.toThrow("no bus");
  });
});

describe("a sync message", () => {
  it("is parsed as it was sent; anything else is not parsed", () => {
    expect(SyncMessage.parse(work())).toEqual(work());
    const { postponed, ...first } = work();
    expect(SyncMessage.parse(first)).toEqual(work());
    for (const body of [null, [], { accountId: "../3700111", trigger: "hint", requestedAt: 1 }])
      expect(SyncMessage.safeParse(body).success).toBe(false);
  });
});
