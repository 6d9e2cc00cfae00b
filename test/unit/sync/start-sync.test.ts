import { describe, expect, it } from "vitest";
import { createLogger } from "../../../lib/platform/logger.ts";
import type { RingCentral } from "../../../lib/ringcentral/api/operation.ts";
import { getSyncStatus } from "../../../lib/sync/get-sync-status.ts";
import { handleMessage, SyncMessage } from "../../../lib/sync/queue/handle-message.ts";
import type { SyncDeps } from "../../../lib/sync/run/run.ts";
import { scannedAt } from "../../../lib/sync/snapshot/head.ts";
import { SyncRecords } from "../../../lib/sync/snapshot/sync-records.ts";
import { confirmSyncQuarantine, startSync } from "../../../lib/sync/start-sync.ts";
import { ACCOUNT, createAccountSync, MINUTE } from "../../support/account-sync.ts";
import { rateLimited, rejection } from "../../support/number-account.ts";

/** An account of three pages that is synced, its callers and its queue; the schedule does not help. */
async function createQueuedSync() {
  const lab = createAccountSync(30);
  lab.upstream.maxPerPage = 10;
  await lab.sync();
  lab.clock.leap(MINUTE);
  const messages: SyncMessage[] = [];
  const queue = { send: async (body: object) => void messages.push(SyncMessage.parse(body)) };
  const account = { accountId: ACCOUNT };
  /** A run in which each call takes a second; `after` happens at its end. */
  const run = (after: (call: number) => unknown, more: Partial<SyncDeps> = {}) => {
    let calls = 0;
    const ringcentral: RingCentral = {
      async call(operation, input, context) {
        lab.clock.leap(1_000);
        const output = await lab.deps.ringcentral.call(operation, input, context);
        calls += 1;
        await after(calls);
        return output;
      },
    };
    return lab.sync({ ringcentral, ...more });
  };
  return {
    ...lab,
    messages,
    run,
    request: () => startSync({ ...lab.deps, queue }, account),
    confirm: () => confirmSyncQuarantine({ ...lab.deps, queue }, { ...account, query: {} }),
    status: async () => (await getSyncStatus(lab.reading, account)).state,
    async handleNext(more: Partial<SyncDeps> = {}, afterMs = 130_000) {
      const message = messages.shift();
      if (message === undefined) throw new Error("no message");
      lab.clock.leap(afterMs);
      await handleMessage(
        {
          run: (_, queueRecheck) => lab.sync({ queueRecheck, ...more }),
          scannedAt: () => scannedAt(new SyncRecords(lab.records, ACCOUNT)),
          publish: async () => true,
          queue,
          log: createLogger({}, { write: () => {} }),
        },
        message,
      );
    },
    async handleAll() {
      while (messages.length > 0) await this.handleNext();
    },
  };
}
type QueuedSync = Awaited<ReturnType<typeof createQueuedSync>>;

/** A run that waits, and would be resumed. */
async function pauseRun(sync: QueuedSync) {
  sync.upstream.before = ({ page }) => {
    if (page === 2) throw rateLimited("listCompanyNumbers", 5_000);
  };
  expect(await sync.run(() => {})).toMatchObject({ state: "continues" });
  sync.upstream.before = undefined;
  sync.clock.leap(20_000);
}

describe("a request during a scan that began after the request before", () => {
  /** The number changes when its page has been read, and a caller asks for a sync. */
  const changeAndAsk = async (sync: QueuedSync) => {
    sync.upstream.edit(1, { label: "new" });
    sync.clock.leap(1_000);
    await sync.request();
  };

  it.each<[string, (sync: QueuedSync) => Promise<unknown>]>([
    [
      "a new run",
      async (sync) => {
        await sync.request();
        await sync.run((call) => call === 1 && changeAndAsk(sync));
      },
    ],
    [
      "a new run that learns its permissions late",
      async (sync) => {
        let isKnown = false;
        const fingerprint = async () => {
          if (isKnown) return "app-admin";
          isKnown = true;
          sync.clock.leap(10_000);
          await sync.request();
          sync.clock.leap(1_000);
          return "app-admin";
        };
        await sync.run((call) => call === 1 && changeAndAsk(sync), { fingerprint });
      },
    ],
    [
      "a run that starts over",
      async (sync) => {
        await pauseRun(sync);
        await sync.request();
        sync.state.fingerprint = "other";
        await sync.run((call) => call === 1 && changeAndAsk(sync));
      },
    ],
    [
      "a run that reads a list with a wrong count again",
      async (sync) => {
        const respond = sync.upstream.respond;
        sync.upstream.respond = (...call) =>
          JSON.parse(JSON.stringify(respond(...call)).replace('"totalElements":30', '"totalElements":31'));
        await sync.run((call) => {
          if (call === 2) return sync.request();
          // The stated size has a fourth page.
          return call === 5 && changeAndAsk(sync);
        });
      },
    ],
  ])("is covered by another scan: %s", async (_, begin) => {
    const sync = await createQueuedSync();
    await begin(sync);
    await sync.handleAll();
    expect((await sync.readAll()).find(({ id }) => id === "1")).toMatchObject({ label: "new" });
    expect(await sync.status()).toBe("idle");
  });
});

describe("a request whose message a failed run ends", () => {
  async function failResumedRun(skewMs = 0) {
    const sync = await createQueuedSync();
    await pauseRun(sync);
    await sync.request();
    const clock = { ...sync.clock, now: () => sync.clock.now() + skewMs };
    sync.upstream.before = () => {
      throw rejection("listCompanyNumbers", 403, "CMN-401");
    };
    await sync.handleNext({ clock }, 1_000);
    sync.upstream.before = undefined;
    expect(sync.messages).toEqual([]);
    return sync;
  }

  it("is not queued any more, although the run began before it", async () => {
    expect(await (await failResumedRun()).status()).toBe("failed");
  });

  it.each([0, -8_000])(
    "stands in no later request's way, with the run's clock off by %i ms",
    async (skewMs) => {
      const sync = await failResumedRun(skewMs);
      await sync.request();
      expect(sync.messages).toHaveLength(1);
    },
  );
});

it("a confirmation that a run under way has not seen is seen by another run", async () => {
  const sync = await createQueuedSync();
  for (let id = 11; id <= 30; id += 1) sync.upstream.remove(id);
  await sync.sync();
  sync.clock.leap(MINUTE);
  sync.upstream.maxPerPage = 5;
  await pauseRun(sync);
  await sync.request();
  const { records } = sync;
  let isJudged = false;
  const slow: SyncDeps["records"] = {
    ...records,
    async read(key) {
      const read = await records.read<never>(key);
      if (key.sort === "quarantine" && !isJudged) {
        isJudged = true;
        await sync.confirm();
      }
      return read;
    },
  };
  await sync.handleNext({ records: slow }, 1_000);
  expect(await sync.ids()).toHaveLength(30);
  await sync.handleAll();
  expect(await sync.ids()).toHaveLength(10);
});
