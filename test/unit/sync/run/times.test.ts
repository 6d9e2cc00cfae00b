import { describe, expect, it } from "vitest";
import { deadlineIn } from "../../../../lib/platform/deadline.ts";
import { getSyncStatus } from "../../../../lib/sync/get-sync-status.ts";
import { ACCOUNT, createAccountSync, MINUTE } from "../../../support/account-sync.ts";
import { rateLimited } from "../../../support/number-account.ts";

const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
type Lab = ReturnType<typeof createAccountSync>;

/** A run that has read the first of two pages, and waits. */
async function paused(lab: Lab): Promise<void> {
  lab.upstream.before = ({ page, operation }) => {
    if (page === 2) throw rateLimited(operation, 1_000);
  };
  expect(await lab.sync()).toMatchObject({ state: "continues" });
  lab.upstream.before = undefined;
}
const expiriesOf = (lab: Lab, kind: string) =>
  lab.records.dump().flatMap(({ key, expiresAt }) => (key.sort.startsWith(kind) ? [expiresAt ?? 0] : []));
/** One run whose first call leaves so much time. */
function syncWithLeft(lab: Lab, leftMs: number) {
  lab.upstream.before = () => lab.clock.leap(25_000 - leftMs);
  return lab.sync({}, { deadline: deadlineIn(25_000, lab.clock, 0) });
}

describe("what a run has staged", () => {
  it.each([
    ["is resumed for 12 hours", 12 * HOUR, "resumed"],
    ["is not used after 12 hours", 12 * HOUR + 1, "started_over"],
  ])("%s", async (_, ageMs, type) => {
    const lab = createAccountSync(1_500);
    const startedAt = lab.clock.now();
    await paused(lab);
    lab.clock.leap(startedAt + ageMs - lab.clock.now());
    expect(await lab.sync()).toMatchObject({ state: "committed", added: 1_500 });
    expect(lab.events.map((event) => event.type)).toContain(type);
  });

  it("is kept for longer than a run may be resumed", async () => {
    const lab = createAccountSync(1_500);
    await paused(lab);
    const expiries = expiriesOf(lab, "stage#");
    expect(expiries).not.toHaveLength(0);
    expect(Math.min(...expiries)).toBeGreaterThan(lab.clock.now() + 12 * HOUR);
  });

  it("is read again when a record of it is lost", async () => {
    const lab = createAccountSync(1_500);
    await paused(lab);
    for (const { key, version } of lab.records.dump()) {
      if (key.sort.startsWith("stage#")) await lab.records.remove(key, version);
    }
    await lab.syncToEnd();
    expect(await lab.ids()).toEqual(lab.upstreamIds());
  });

  it("is not mixed up with what a scan before has staged", async () => {
    const lab = createAccountSync(30);
    lab.upstream.maxPerPage = 15;
    let calls = 0;
    lab.upstream.before = ({ operation }) => {
      calls += 1;
      if (calls === 2) {
        lab.upstream.maxPerPage = 10;
        lab.upstream.edit(5, { label: "as the second scan saw it" });
      }
      if (calls === 4) throw rateLimited(operation, 1_000);
    };
    await lab.syncToEnd();
    expect(lab.events.map((event) => event.type)).toContain("scan_restarted");
    expect((await lab.readAll({ q: "as the second" })).map(({ id }) => id)).toEqual(["5"]);
  });
});

describe("the records of a version", () => {
  it("outlive the changes, which are kept for 30 days", async () => {
    const lab = createAccountSync(10);
    await lab.sync();
    lab.upstream.edit(3, { label: "new" });
    await lab.sync();
    const changes = Math.min(...expiriesOf(lab, "changes#"));
    expect(changes).toBeGreaterThanOrEqual(lab.clock.now() + 30 * DAY);
    expect(Math.min(...expiriesOf(lab, "version#"))).toBeGreaterThan(changes);
  });
});

describe("a run with little time left", () => {
  it("leaves the commit to the next one", async () => {
    const lab = createAccountSync(10);
    expect(await syncWithLeft(lab, 4_999)).toMatchObject({ state: "continues" });
    lab.upstream.before = undefined;
    expect(await lab.sync()).toMatchObject({ state: "committed", pages: 1 });
  });

  it("leaves old versions to the next one", async () => {
    const lab = createAccountSync(10);
    await lab.sync();
    lab.upstream.edit(3, { label: "new" });
    await lab.sync();
    lab.clock.leap(26 * HOUR);
    const collected = () => lab.events.filter(({ type }) => type === "collected");
    expect(await syncWithLeft(lab, 5_000)).toMatchObject({ state: "unchanged" });
    expect(collected()).toEqual([]);
    lab.upstream.before = undefined;
    await lab.sync();
    expect(collected()).toHaveLength(1);
  });
});

describe("a quarantine", () => {
  it("tells since when, and is looked at again after five minutes on every clock", async () => {
    const lab = createAccountSync(250);
    await lab.sync();
    for (let id = 101; id <= 180; id += 1) lab.upstream.remove(id);
    const since = async () => (await getSyncStatus(lab.reading, { accountId: ACCOUNT })).quarantine?.since;
    await lab.sync();
    const first = await since();
    lab.clock.leap(MINUTE);
    await lab.sync();
    expect(await since()).toBe(first);
    expect(lab.rechecks).toEqual([5 * MINUTE + 15_000]);
  });
});
