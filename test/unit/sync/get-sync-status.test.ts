import { describe, expect, it } from "vitest";
import { SyncStatuses } from "../../../lib/contract/sync.ts";
import { QueueUnavailable } from "../../../lib/platform/message-queue.ts";
import type { RecordStore } from "../../../lib/storage/record-store.ts";
import { getSyncStatus } from "../../../lib/sync/get-sync-status.ts";
import { listNumberChanges } from "../../../lib/sync/list-number-changes.ts";
import { QUARANTINE } from "../../../lib/sync/run/quarantine.ts";
import { RUN } from "../../../lib/sync/run/run-lease.ts";
import { readSnapshotPage } from "../../../lib/sync/snapshot/snapshot.ts";
import { SyncRecords } from "../../../lib/sync/snapshot/sync-records.ts";
import { startSync } from "../../../lib/sync/start-sync.ts";
import { ACCOUNT, createAccountSync, MINUTE } from "../../support/account-sync.ts";
import { numberOf, rateLimited } from "../../support/number-account.ts";

async function statusOf(lab: ReturnType<typeof createAccountSync>) {
  const status = await getSyncStatus(lab.reading, { accountId: ACCOUNT });
  expect(SyncStatuses.safeParse([status]).error).toBeUndefined();
  return status;
}

const requestSync = (lab: ReturnType<typeof createAccountSync>) =>
  startSync({ ...lab.deps, queue: { send: async () => {} } }, { accountId: ACCOUNT });

describe("the status of an account's sync", () => {
  it("is idle and empty before anything has happened", async () => {
    expect(await statusOf(createAccountSync())).toEqual({ accountId: ACCOUNT, state: "idle", history: [] });
  });

  it("and the list and the feed are read without a write, which their functions may not make", async () => {
    const lab = createAccountSync(5);
    await lab.sync();
    const never = () => Promise.reject(new Error("a write"));
    const records: RecordStore = {
      read: (key) => lab.records.read(key),
      compareAndSet: never,
      remove: never,
    };
    const reading = { records, now: lab.clock.now };
    await expect(getSyncStatus(reading, { accountId: ACCOUNT })).resolves.toMatchObject({ state: "idle" });
    const feed = { accountId: ACCOUNT, page: { limit: 10 } };
    await expect(listNumberChanges(reading, feed)).resolves.toMatchObject({ items: [] });
    const page = await readSnapshotPage(reading, { accountId: ACCOUNT, filter: {}, page: { limit: 10 } });
    expect(page?.items).toHaveLength(5);
  });

  it("is queued from the request to the start", async () => {
    const lab = createAccountSync(5);
    await requestSync(lab);
    expect((await statusOf(lab)).state).toBe("queued");
    lab.clock.leap(1);
    await lab.sync();
    expect((await statusOf(lab)).state).toBe("idle");
  });

  it("stops being queued after an hour when the message is lost", async () => {
    const lab = createAccountSync(5);
    await requestSync(lab);
    lab.clock.leap(61 * MINUTE);
    expect((await statusOf(lab)).state).toBe("idle");
  });

  it("stays queued after a request during a run", async () => {
    const lab = createAccountSync(5);
    lab.upstream.before = () => lab.clock.leap(1_000);
    await lab.sync();
    await requestSync(lab);
    expect((await statusOf(lab)).state).toBe("queued");
  });

  it("queues one message for all requests that arrive before its run, and another after a minute", async () => {
    const lab = createAccountSync(5);
    const sent: number[] = [];
    const queue = { send: async () => void sent.push(lab.clock.now()) };
    const request = () => startSync({ ...lab.deps, queue }, { accountId: ACCOUNT });
    lab.clock.leap(MINUTE);
    for (let second = 0; second <= 60; second += 1) {
      expect((await request()).data.state).toBe("queued");
      lab.clock.leap(1_000);
    }
    expect(sent).toHaveLength(2);
  });

  it("is not queued when the queue is down", async () => {
    const lab = createAccountSync(5);
    const queue = { send: () => Promise.reject(new QueueUnavailable("away")) };
    const started = startSync({ ...lab.deps, queue }, { accountId: ACCOUNT });
    await expect(started).rejects.toMatchObject({ code: "queue_unavailable" });
    expect((await statusOf(lab)).state).toBe("idle");
  });

  it.each([
    { ending: "a commit", changes: true },
    { ending: "an unchanged list", changes: false },
  ])("is not running when a run is killed after $ending", async ({ changes }) => {
    const lab = createAccountSync(5);
    await lab.sync();
    if (changes) lab.upstream.put(numberOf(90));
    lab.clock.leap(MINUTE);
    let isDead = false;
    let heads = 0;
    const dying: RecordStore = {
      ...lab.records,
      read: (key) => (isDead ? new Promise(() => {}) : lab.records.read(key)),
      async compareAndSet(key, ...rest) {
        if (isDead) return new Promise(() => {});
        const written = await lab.records.compareAndSet(key, ...rest);
        // The new holder marks the head first.
        if (key.sort === "head") heads += 1;
        isDead = heads === 2;
        return isDead ? new Promise(() => {}) : written;
      },
    };
    lab.sync({ records: dying });
    await expect.poll(() => isDead).toBe(true);
    expect((await statusOf(lab)).state).toBe("idle");
    lab.clock.leap(3 * MINUTE);
    expect((await statusOf(lab)).state).toBe("idle");
  });

  it("is as before after a record of another shape, which older code wrote", async () => {
    const lab = createAccountSync(5);
    const records = new SyncRecords(lab.records, ACCOUNT);
    const now = lab.clock.now();
    const checkpoint = { runId: "old", startedAt: now, updatedAt: now };
    const run = { generation: 1, owner: "old", leaseUntil: 0, checkpoint };
    await records.compareAndSet(RUN, null, run);
    await records.compareAndSet(QUARANTINE, null, { quarantine: { since: now } });
    expect((await statusOf(lab)).state).toBe("idle");
    expect(await lab.sync()).toMatchObject({ state: "committed", added: 5 });
  });

  it("shows the progress of a run and estimates the rest by the budget", async () => {
    const lab = createAccountSync(4_500);
    lab.upstream.before = ({ operation, page }) => {
      if (page === 3) throw rateLimited(operation, 60_000);
    };
    const withBudget = {
      ringcentral: {
        call: async (operation, input, context) => {
          context.onBudget?.({ group: "heavy", limit: 20, remaining: 3, windowSeconds: 60 });
          return lab.deps.ringcentral.call(operation, input, context);
        },
      } satisfies typeof lab.deps.ringcentral,
    };
    await lab.sync(withBudget);
    expect(await statusOf(lab)).toMatchObject({
      state: "running",
      progress: { pagesDone: 2, totalPages: 5, numbersSeen: 2_000, etaSeconds: 9 },
    });
  });

  it("keeps the last 50 runs, newest first", async () => {
    const lab = createAccountSync(5);
    for (let n = 0; n < 55; n += 1) {
      lab.clock.leap(MINUTE);
      await lab.sync({}, { trigger: n % 2 === 0 ? "schedule" : "request" });
    }
    const { history, lastSuccessAt } = await statusOf(lab);
    expect(history).toHaveLength(50);
    expect(history[0]).toMatchObject({ trigger: "schedule", state: "unchanged", pages: 1, numbers: 5 });
    expect(history[0]?.startedAt).toBe(lastSuccessAt);
    expect(history.map(({ startedAt }) => startedAt)).toEqual(
      history
        .map(({ startedAt }) => startedAt)
        .toSorted()
        .toReversed(),
    );
  });
});
