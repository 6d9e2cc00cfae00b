import { beforeEach, describe, expect, it } from "vitest";
import { createLogger } from "../../../lib/platform/logger.ts";
import { createMetrics } from "../../../lib/platform/metrics.ts";
import {
  isDue,
  queueDirectoryReadings,
  queueSyncs,
  syncIntervalMs,
  TICK_MS,
} from "../../../lib/sync/queue-syncs.ts";
import { newCheckpoint } from "../../../lib/sync/run/checkpoint.ts";
import { QUARANTINE } from "../../../lib/sync/run/quarantine.ts";
import { RUN, type RunRecord, readRun } from "../../../lib/sync/run/run-lease.ts";
import { emptyHead } from "../../../lib/sync/snapshot/head.ts";
import { SyncRecords } from "../../../lib/sync/snapshot/sync-records.ts";
import { editAccounts, readAccounts } from "../../../lib/sync/synced-accounts.ts";
import { ACCOUNT, createAccountSync, MINUTE } from "../../support/account-sync.ts";
import { rejection } from "../../support/number-account.ts";

let logged: Record<string, unknown>[] = [];
const log = createLogger({}, { write: (line) => void logged.push(JSON.parse(line)) });
let lab: ReturnType<typeof createAccountSync>;
let sent: { accountId?: string; delaySeconds: number }[];
let failing: string | undefined;
let measured: Record<string, unknown>[];

beforeEach(() => {
  lab = createAccountSync(5);
  sent = [];
  logged = [];
  failing = undefined;
  measured = [];
});

async function schedule(...named: string[]) {
  const queue = {
    async send(body: { accountId?: string }, delaySeconds = 0) {
      if (body.accountId === failing) throw new Error("away");
      sent.push({ ...(body.accountId !== undefined && { accountId: body.accountId }), delaySeconds });
    },
  };
  const metrics = createMetrics({ write: (line) => measured.push(JSON.parse(line)) });
  const areCredentialsRejected = async (accountId: string) => accountId === "2";
  const deps = { records: lab.records, queue, clock: lab.clock, log, metrics, areCredentialsRejected };
  const outcome = await queueSyncs(deps, serving(named));
  metrics.flush();
  return outcome;
}

const serving = (named: string[], ...others: string[]) => ({
  SYNC_ACCOUNTS: named,
  SERVED_ACCOUNTS: [...named, ...others, "1", "2", "3"],
});

describe("the schedule", () => {
  it("queues the accounts of the setting and of the table, each once, spread over a minute", async () => {
    await editAccounts(lab.deps, { add: ["3", "1"], remove: [] }, serving([]));
    expect(await schedule("1", "2")).toEqual({ queued: 3 });
    expect(sent).toEqual([
      { accountId: "1", delaySeconds: 0 },
      { accountId: "2", delaySeconds: 20 },
      { accountId: "3", delaySeconds: 40 },
    ]);
  });

  it("reads the directory of each served account every five minutes, also when another's fails", async () => {
    const read: unknown[] = [];
    const queue = {
      async send(message: { accountId?: string }, delaySeconds = 0) {
        if (message.accountId === "2") throw new Error("away");
        read.push([message.accountId, delaySeconds]);
      },
    };
    const readings = queueDirectoryReadings({ queue, clock: lab.clock, log }, serving([]));
    await expect(readings).rejects.toThrow("away");
    expect(read).toHaveLength(6);
    expect(read).toEqual(
      expect.arrayContaining([
        ["1", 0],
        ["1", 300],
        ["1", 600],
        ["3", 40],
        ["3", 340],
        ["3", 640],
      ]),
    );
  });

  it("queues the others when one fails, and then fails", async () => {
    failing = "2";
    await expect(schedule("1", "2", "3")).rejects.toThrow("away");
    expect(sent.map(({ accountId }) => accountId)).toEqual(["1", "3"]);
  });

  it("measures the accounts that are old, never synced, quarantined or without valid credentials", async () => {
    await lab.sync();
    lab.clock.leap(90 * MINUTE);
    await schedule(ACCOUNT, "1", "2");
    const states = { AccountsNeverSynced: 2, AccountsQuarantined: 0, CredentialsRejected: 1 };
    expect(measured).toMatchObject([{ SyncAgeSeconds: 5400, ...states }]);
    await new SyncRecords(lab.records, ACCOUNT).compareAndSet(QUARANTINE, null, { generation: 9 });
    await schedule(ACCOUNT);
    expect(measured[1]).toMatchObject({ AccountsNeverSynced: 0, AccountsQuarantined: 1 });
    const named = logged.filter(({ message }) => message === "account needs attention");
    const no = { isLate: false, isQuarantined: false, isRejected: false };
    expect(named).toMatchObject([
      { ...no, accountId: ACCOUNT, age: "synced 90 minutes ago", isLate: true },
      { ...no, accountId: "1", age: "never synced", isLate: true },
      { ...no, accountId: "2", age: "never synced", isLate: true, isRejected: true },
      { ...no, accountId: ACCOUNT, isLate: true, isQuarantined: true },
    ]);
  });

  it("leaves a run that is under way to its own message, until that message must be lost", async () => {
    const begun = { runId: "r", trigger: "schedule", base: 0, fingerprint: "app" };
    const checkpoint = { ...newCheckpoint(begun, 0), updatedAt: lab.clock.now() };
    const run: RunRecord = { generation: 1, leaseUntil: 0, startedAt: 0, checkpoint };
    await new SyncRecords(lab.records, ACCOUNT).compareAndSet(RUN, null, run);
    expect(await schedule(ACCOUNT)).toEqual({ queued: 0 });
    lab.clock.leap(15 * MINUTE);
    expect(await schedule(ACCOUNT)).toEqual({ queued: 1 });
  });
});

describe("an account", () => {
  it("is due each tick when it is small, and at half of its scan's time when it is large", () => {
    expect(syncIntervalMs(0)).toBe(TICK_MS);
    expect(syncIntervalMs(52_000)).toBe(TICK_MS);
    expect(syncIntervalMs(100_000)).toBe(2 * TICK_MS);
    const head = { ...emptyHead, total: 100_000, checkedAt: MINUTE };
    expect(isDue(head, undefined, TICK_MS)).toBe(false);
    expect(isDue(head, undefined, 2 * TICK_MS)).toBe(true);
    expect(isDue({ ...head, total: 1 }, undefined, TICK_MS)).toBe(true);
    expect(isDue(emptyHead, undefined, 100 * TICK_MS)).toBe(true);
  });

  it("is due an interval after its last run began, whatever that run's end", async () => {
    const head = { ...emptyHead, total: 100_000 };
    await lab.sync();
    lab.upstream.before = ({ operation }) => {
      throw rejection(operation, 403, "CMN-401");
    };
    lab.clock.leap(100 * MINUTE);
    const begun = lab.clock.now();
    expect(await lab.sync()).toMatchObject({ state: "failed" });
    const run = (await readRun(new SyncRecords(lab.records, ACCOUNT)))?.value;
    expect(isDue(head, undefined, begun + TICK_MS)).toBe(true);
    expect(isDue(head, run, begun + TICK_MS)).toBe(false);
    expect(isDue(head, run, begun + TICK_MS + 1)).toBe(true);
  });

  it("is synced while it is in the table's list", async () => {
    expect(await readAccounts(lab.records, serving([]))).toEqual([]);
    await editAccounts(lab.deps, { add: ["2", "1"], remove: [] }, serving([]));
    expect(await readAccounts(lab.records, serving([]))).toEqual(["1", "2"]);
    await editAccounts(lab.deps, { add: [], remove: ["1"] }, serving([]));
    expect(await readAccounts(lab.records, serving([]))).toEqual(["2"]);
    expect(await readAccounts(lab.records, serving(["2", "7"]))).toEqual(["2", "7"]);
  });

  it("is neither listed nor synced unless it is served", async () => {
    await editAccounts(lab.deps, { add: ["7"], remove: [] }, serving([], "7"));
    expect(await readAccounts(lab.records, serving([], "7"))).toEqual(["7"]);
    expect(await readAccounts(lab.records, serving([]))).toEqual([]);
    const adding = editAccounts(lab.deps, { add: ["2", "8", "9"], remove: ["7"] }, serving([]));
    await expect(adding).rejects.toThrow("SERVED_ACCOUNTS does not name 8, 9");
    expect(await readAccounts(lab.records, serving([], "7"))).toEqual(["7"]);
  });
});
