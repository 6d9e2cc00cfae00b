import { beforeEach, describe, expect, it } from "vitest";
import { createLogger } from "../../../../lib/platform/logger.ts";
import { QueueUnavailable } from "../../../../lib/platform/message-queue.ts";
import { createMetrics } from "../../../../lib/platform/metrics.ts";
import {
  type HandleMessageDeps,
  handleMessage,
  SyncFailed,
} from "../../../../lib/sync/queue/handle-message.ts";
import { parseSyncMessage, type SyncMessage } from "../../../../lib/sync/queue/sync-message.ts";
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
/** When the last whole sweep began; `run` sets it as a run that commits does. */
let swept: number | undefined;
let scanStartsAt: number;
let runs: SyncMessage[];
let published: number;
let isAllPublished: boolean;
let sent: { body: object; delaySeconds: number }[];
let measured: Record<string, unknown>[];
let deps: HandleMessageDeps;

beforeEach(() => {
  outcome = { state: "committed", version: 2 };
  swept = undefined;
  scanStartsAt = 2_000;
  runs = [];
  published = 0;
  isAllPublished = true;
  sent = [];
  measured = [];
  deps = {
    log: createLogger({}, { write: () => true }),
    metrics: createMetrics({ write: (line) => measured.push(JSON.parse(line)) }),
    now: () => 61_000,
    scannedAt: async () => swept,
    run: async (each) => {
      runs.push(each);
      if (outcome.state === "committed" || outcome.state === "unchanged") swept = scanStartsAt;
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

describe("the work of one message", () => {
  it("is a run, and then to publish what it found", async () => {
    await handleMessage(deps, work());
    expect(runs).toHaveLength(1);
    expect(published).toBe(1);
    expect(sent).toEqual([]);
  });

  it("is done already when a sweep has begun since it was asked for: a second delivery only publishes", async () => {
    await handleMessage(deps, work());
    await handleMessage(deps, work());
    expect(runs).toHaveLength(1);
    expect(published).toBe(2);
  });

  it("publishes the rest by a message of its own when time is up", async () => {
    isAllPublished = false;
    await handleMessage(deps, work());
    expect(sent).toEqual([{ body: work(), delaySeconds: 0 }]);
    isAllPublished = true;
    await handleMessage(deps, work());
    expect(runs).toHaveLength(1);
    expect(sent).toHaveLength(1);
  });

  it("goes on as a message of its own, after the delay the run asks for", async () => {
    outcome = { state: "continues", continueAfterMs: 41_500 };
    await handleMessage(deps, work({ postponed: 3 }));
    expect(sent).toEqual([{ body: work(), delaySeconds: 42 }]);
    expect(published).toBe(0);
  });

  it("waits its turn while another sync of the account is at work, but not for ever", async () => {
    outcome = { state: "busy", continueAfterMs: 20_000 };
    await handleMessage(deps, work());
    expect(sent).toEqual([{ body: work({ postponed: 1 }), delaySeconds: 20 }]);
    sent = [];
    await handleMessage(deps, work({ postponed: 30 }));
    expect(sent).toEqual([]);
  });

  it.each(["request", "hint"] as const)(
    "sweeps once more for a %s when the run it joined had begun before",
    async (trigger) => {
      scanStartsAt = 500;
      await handleMessage(deps, work({ trigger }));
      expect(sent).toEqual([{ body: work({ trigger, postponed: 1 }), delaySeconds: 0 }]);
      sent = [];
      await handleMessage(deps, work());
      expect(sent).toEqual([]);
    },
  );

  it("comes again when the run failed for now, and is over when waiting cannot help", async () => {
    outcome = { state: "failed", problem: { ...problem, retryable: true } };
    await expect(handleMessage(deps, work())).rejects.toBeInstanceOf(SyncFailed);
    outcome = { state: "failed", problem: { ...problem, retryable: false } };
    await expect(handleMessage(deps, work())).resolves.toBeUndefined();
    expect(sent).toEqual([]);
  });

  it("takes the second look a quarantine wants", async () => {
    outcome = { state: "quarantined", continueAfterMs: 300_000, removed: 60 };
    await handleMessage(deps, work());
    expect(sent).toEqual([{ body: work(), delaySeconds: 300 }]);
    expect(published).toBe(0);
  });

  it("is measured: how old the snapshot was, and whether it is quarantined", async () => {
    swept = 1_000;
    outcome = { state: "quarantined" };
    await handleMessage(deps, work({ requestedAt: 5_000 }));
    deps.metrics.flush();
    expect(measured).toMatchObject([{ SyncAgeSeconds: 60, SyncQuarantined: 1 }]);
  });

  it("is not over when its continuation could not be queued, or its changes not be published", async () => {
    deps.queue.send = () => Promise.reject(new QueueUnavailable("away"));
    outcome = { state: "continues" };
    await expect(handleMessage(deps, work())).rejects.toBeInstanceOf(QueueUnavailable);
    outcome = { state: "committed" };
    deps.publish = () => Promise.reject(new Error("no bus"));
    await expect(handleMessage(deps, work())).rejects.toThrow("no bus");
  });
});

describe("a message", () => {
  it("is read back as it was sent, and as nothing when it is none of ours", () => {
    expect(parseSyncMessage(JSON.stringify(work()))).toEqual(work());
    const { postponed, ...first } = work();
    expect(parseSyncMessage(JSON.stringify(first))).toEqual(work());
    for (const body of ["", "{", "null", "[]", '{"accountId":"../3700111","trigger":"hint","requestedAt":1}'])
      expect(parseSyncMessage(body), body).toBeUndefined();
  });
});
