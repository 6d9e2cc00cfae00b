import { describe, expect, it } from "vitest";
import { SyncStatuses } from "../../../lib/contract/sync.ts";
import { readSyncStatus } from "../../../lib/sync/get-sync-status.ts";
import { recordRequest } from "../../../lib/sync/start-sync.ts";
import { ACCOUNT, createAccountSync, MINUTE } from "../../support/account-sync.ts";
import { rateLimited } from "../../support/number-account.ts";

async function statusOf(lab: ReturnType<typeof createAccountSync>) {
  const status = await readSyncStatus(lab.reading, ACCOUNT);
  expect(SyncStatuses.safeParse([status]).error).toBeUndefined();
  return status;
}

describe("the status of an account's sync", () => {
  it("is idle and empty before anything has happened", async () => {
    expect(await statusOf(createAccountSync())).toEqual({ accountId: ACCOUNT, state: "idle", history: [] });
  });

  it("is queued from the request to the start", async () => {
    const lab = createAccountSync(5);
    await recordRequest(lab.deps, ACCOUNT);
    expect((await statusOf(lab)).state).toBe("queued");
    lab.clock.leap(1);
    await lab.sync();
    expect((await statusOf(lab)).state).toBe("idle");
  });

  it("stops being queued after an hour when the message is lost", async () => {
    const lab = createAccountSync(5);
    await recordRequest(lab.deps, ACCOUNT);
    lab.clock.leap(61 * MINUTE);
    expect((await statusOf(lab)).state).toBe("idle");
  });

  it("stays queued after a request during a run", async () => {
    const lab = createAccountSync(5);
    await lab.sync({}, { onProgress: () => lab.clock.leap(1_000) });
    lab.clock.leap(1);
    await recordRequest(lab.deps, ACCOUNT);
    expect((await statusOf(lab)).state).toBe("queued");
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
