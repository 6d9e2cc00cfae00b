import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { SecretUnavailableError } from "../../../../lib/platform/credentials.ts";
import { deadlineIn } from "../../../../lib/platform/deadline.ts";
import { RingCentralError } from "../../../../lib/ringcentral/api/errors.ts";
import type { RecordStore } from "../../../../lib/storage/record-store.ts";
import { getSyncStatus } from "../../../../lib/sync/get-sync-status.ts";
import { confirmQuarantine } from "../../../../lib/sync/run/quarantine.ts";
import { ACCOUNT, createAccountSync, MINUTE } from "../../../support/account-sync.ts";
import { numberOf, rateLimited, rejection, unavailable } from "../../../support/number-account.ts";

const pageOf = z.looseObject({ records: z.array(z.unknown()) });
const listBody = z.looseObject({ records: z.array(z.unknown()), paging: z.looseObject({}) });

const heavy = (lab: ReturnType<typeof createAccountSync>) =>
  lab.upstream.calls.filter(({ operation }) => operation === "listCompanyNumbers").length;
const lookedUp = (lab: ReturnType<typeof createAccountSync>) => lab.upstream.calls.flatMap(({ ids }) => ids);

/** Begins a run whose process hangs where it is about to read a record; `goOn` wakes it. */
async function freeze(
  lab: ReturnType<typeof createAccountSync>,
  where: (read: { key: string; count: number }) => boolean,
) {
  let goOn = () => {};
  const frozen = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let isFrozen = false;
  const counts = new Map<string, number>();
  const slow: RecordStore = {
    ...lab.records,
    async read(key) {
      const count = (counts.get(key.sort) ?? 0) + 1;
      counts.set(key.sort, count);
      if (!isFrozen && where({ key: key.sort, count })) {
        isFrozen = true;
        await frozen;
      }
      return lab.records.read(key);
    },
  };
  const former = lab.sync({ records: slow });
  await expect.poll(() => isFrozen).toBe(true);
  return { former, goOn };
}

describe("a sync", () => {
  it("commits every number, with one call for each 1,000", async () => {
    const lab = createAccountSync(2_500);
    expect(await lab.sync()).toMatchObject({
      state: "committed",
      version: 1,
      sequence: 0,
      added: 2_500,
      pages: 3,
    });
    expect(heavy(lab)).toBe(3);
    expect(await lab.ids()).toEqual(lab.upstreamIds());
  });

  it("commits an account without numbers", async () => {
    const lab = createAccountSync();
    expect(await lab.sync()).toMatchObject({ state: "committed", version: 1 });
    expect(await lab.readAll()).toEqual([]);
    lab.upstream.put(numberOf(5));
    expect(await lab.sync()).toMatchObject({ state: "committed", version: 2, sequence: 1, added: 1 });
  });

  it("uses the page size that RingCentral applies, and takes no short page for the last", async () => {
    const lab = createAccountSync(250);
    lab.upstream.maxPerPage = 100;
    expect(await lab.sync()).toMatchObject({ state: "committed", added: 250, pages: 3 });
  });

  it("makes no version of an unchanged list, and writes less than 6 KB", async () => {
    const lab = createAccountSync(1_000);
    await lab.sync();
    const before = lab.records.dump().length;
    let written = 0;
    lab.records.onWrite = (_key, _version, json) => {
      written += json.length;
    };
    lab.clock.leap(MINUTE);
    expect(await lab.sync()).toMatchObject({ state: "unchanged", version: 1 });
    expect(written).toBeLessThan(6_000);
    // One page in hand; no chunk, no manifest, no changes.
    expect(lab.records.dump().length - before).toBeLessThanOrEqual(2);
  });

  it("records what was added, updated and removed, each with its own sequence", async () => {
    const lab = createAccountSync(40);
    await lab.sync();
    const { next } = await lab.feedStart();
    lab.upstream.put(numberOf(90));
    lab.upstream.edit(7, { label: "Front desk", status: "Pending" });
    lab.upstream.edit(8, { extension: { id: 1_008, name: "Renamed" } });
    lab.upstream.remove(9);
    expect(await lab.sync()).toMatchObject({
      state: "committed",
      added: 1,
      updated: 2,
      removed: 1,
      sequence: 4,
    });
    expect((await lab.changesFrom(next)).items).toMatchObject([
      { sequence: 1, type: "updated", id: "7", changedFields: ["label", "status"] },
      { sequence: 2, type: "updated", id: "8", changedFields: ["extension"] },
      { sequence: 3, type: "removed", id: "9" },
      { sequence: 4, type: "added", id: "90", phoneNumber: { id: "90" } },
    ]);
  });

  it("reads on when the list becomes longer", async () => {
    const lab = createAccountSync(2_500);
    lab.upstream.before = ({ page }) => {
      if (page === 2) lab.upstream.put(numberOf(3_000));
    };
    expect(await lab.sync()).toMatchObject({ state: "committed", added: 2_501, pages: 3 });
    expect((await getSyncStatus(lab.reading, { accountId: ACCOUNT })).history).toMatchObject([
      { listChanged: true },
    ]);
  });

  it("goes back a page when the list becomes shorter, because a number has moved to that page", async () => {
    const lab = createAccountSync(2_500);
    lab.upstream.before = ({ page }) => {
      if (page === 2) lab.upstream.remove(5);
      if (page === 3) throw rateLimited("listCompanyNumbers", 1_000);
    };
    expect(await lab.sync()).toMatchObject({ state: "continues", pages: 4 });
    expect((await getSyncStatus(lab.reading, { accountId: ACCOUNT })).progress).toMatchObject({
      pagesDone: 2,
    });
    lab.upstream.before = undefined;
    expect(await lab.sync()).toMatchObject({ state: "committed", added: 2_500, pages: 5 });
    expect(lab.upstream.calls.map(({ page }) => page)).toEqual([1, 2, 1, 2, 3, 3]);
    expect(await lab.ids()).toContain("1001");
  });

  it("resumes the restarted scan when the budget is spent right after the restart", async () => {
    const lab = createAccountSync(2_500);
    lab.upstream.before = ({ page, operation }) => {
      if (page === 2 && heavy(lab) === 2) lab.upstream.maxPerPage = 900;
      if (heavy(lab) === 3) throw rateLimited(operation, 1_000);
    };
    expect(await lab.sync()).toMatchObject({ state: "continues", pages: 2 });
    expect(await lab.sync()).toMatchObject({ state: "committed", added: 2_500, pages: 5 });
    expect(lab.upstream.calls.map(({ page }) => page)).toEqual([1, 2, 1, 1, 2, 3]);
  });

  it("restarts the scan when the page size changes", async () => {
    const lab = createAccountSync(2_500);
    lab.upstream.before = ({ page }) => {
      if (page === 2) lab.upstream.maxPerPage = 600;
    };
    expect(await lab.sync()).toMatchObject({ state: "committed", added: 2_500 });
    expect(lab.events).toContainEqual(
      expect.objectContaining({ type: "scan_restarted", reason: "page_size" }),
    );
  });

  it("restarts the scan when two pages hold the same number, because one is missing then", async () => {
    const lab = createAccountSync(25);
    lab.upstream.maxPerPage = 10;
    const { respond } = lab.upstream;
    lab.upstream.respond = (operation, input) => {
      const body = respond(operation, input);
      if (heavy(lab) !== 2) return body;
      const [, ...others] = pageOf.parse(body).records;
      return { ...pageOf.parse(body), records: [numberOf(1), ...others] };
    };
    expect(await lab.sync()).toMatchObject({ state: "committed", added: 25, pages: 6 });
    expect(lab.events).toContainEqual(expect.objectContaining({ type: "scan_restarted", reason: "count" }));
  });

  it.each([
    { name: "its stated size is off by one", edit: { total: 26 } },
    { name: "its stated size is 0", edit: { total: 0 } },
    { name: "it holds an id twice", edit: { total: 25, twice: true } },
  ])("commits a steady list although $name, reads it twice once, and says so", async ({ edit }) => {
    const lab = createAccountSync(edit.twice ? 24 : 25);
    lab.upstream.maxPerPage = 10;
    const { respond } = lab.upstream;
    lab.upstream.respond = (operation, input) => {
      const body = respond(operation, input);
      if (operation.name !== "listCompanyNumbers") return body;
      const { records, paging, ...rest } = listBody.parse(body);
      const twice = edit.twice === true && input.query?.page === 3 ? [numberOf(1)] : [];
      return { ...rest, records: [...records, ...twice], paging: { ...paging, totalElements: edit.total } };
    };
    expect(await lab.sync()).toMatchObject({ state: "committed", pages: 6 });
    const { history } = await getSyncStatus(lab.reading, { accountId: ACCOUNT });
    expect(history[0]?.miscount).toBe(lab.upstream.numbers.size - edit.total);
    lab.upstream.edit(3, { label: "new" });
    expect(await lab.sync()).toMatchObject({ state: "committed", updated: 1, pages: 3 });
  });

  it("fails on a list whose page size changes in each scan, and commits nothing", async () => {
    const lab = createAccountSync(2_500);
    lab.upstream.before = ({ page }) => {
      if (page === 2) lab.upstream.maxPerPage -= 10;
    };
    expect(await lab.sync()).toMatchObject({
      state: "failed",
      problem: { code: "upstream_error", retryable: true },
    });
    await expect(lab.readAll()).rejects.toThrow("no snapshot");
    lab.upstream.before = undefined;
    expect(await lab.sync()).toMatchObject({ state: "committed" });
  });

  it("fails on a list whose next page always exists and holds nothing new", async () => {
    const lab = createAccountSync(10);
    const endless = {
      records: [numberOf(1)],
      paging: { page: 1, perPage: 1000 },
      navigation: { nextPage: { uri: "https://rc.test/next" } },
    };
    lab.upstream.respond = () => endless;
    expect(await lab.sync()).toMatchObject({ state: "failed" });
  });
});

describe("a sync that is interrupted", () => {
  it("saves a checkpoint when the time ends, and reads no page twice", async () => {
    const lab = createAccountSync(4_500);
    lab.upstream.before = () => lab.clock.leap(10_000);
    const short = () => ({ deadline: deadlineIn(25_000, lab.clock, 0) });
    expect(await lab.sync({}, short())).toMatchObject({ state: "continues", pages: 2 });
    expect(await lab.sync({}, short())).toMatchObject({ state: "continues", pages: 4 });
    expect(await lab.sync({}, short())).toMatchObject({ state: "committed", pages: 5, added: 4_500 });
    expect(lab.upstream.calls.map(({ page }) => page)).toEqual([1, 2, 3, 4, 5]);
  });

  it("waits longer and longer while no invocation has time for a page, then fails and keeps its pages", async () => {
    const lab = createAccountSync(2_500);
    lab.upstream.before = () => lab.clock.leap(10_000);
    expect(await lab.sync({}, { deadline: deadlineIn(16_000, lab.clock, 0) })).toMatchObject({ pages: 1 });
    const ends: unknown[] = [];
    for (let n = 0; n < 6; n += 1) {
      const { state, continueAfterMs } = await lab.sync({}, { deadline: deadlineIn(6_000, lab.clock, 0) });
      ends.push(continueAfterMs ?? state);
    }
    expect(ends).toEqual([15_000, 30_000, 60_000, 120_000, 240_000, "failed"]);
    expect((await getSyncStatus(lab.reading, { accountId: ACCOUNT })).problem).toMatchObject({
      code: "internal",
    });
    expect(heavy(lab)).toBe(1);
    expect(await lab.sync()).toMatchObject({ state: "committed", pages: 3 });
  });

  it("pauses when RingCentral's budget is spent, and says when to continue", async () => {
    const lab = createAccountSync(2_500);
    lab.upstream.before = ({ operation }) => {
      if (heavy(lab) === 2) throw rateLimited(operation, 42_000);
    };
    expect(await lab.sync()).toMatchObject({ state: "continues", continueAfterMs: 42_000, pages: 1 });
    expect(await getSyncStatus(lab.reading, { accountId: ACCOUNT })).toMatchObject({
      state: "running",
      progress: { pagesDone: 1, totalPages: 3, numbersSeen: 1_000, etaSeconds: 12 },
    });
    expect(await lab.sync()).toMatchObject({ state: "committed", added: 2_500 });
  });

  const rejections = [
    { kind: "storage", retryAfterMs: 1_000, waits: [15_000, 30_000, 60_000, 120_000, 240_000] },
    { kind: "rate_limited", retryAfterMs: 42_000, waits: [42_000, 42_000, 60_000, 120_000, 240_000] },
    { kind: "rate_limited", waits: [30_000, 30_000, 60_000, 120_000, 240_000] },
  ] as const;
  it.each(rejections)(
    "waits longer and longer while every call is rejected, then fails and keeps its pages: $kind",
    async ({ waits, ...failure }) => {
      const lab = createAccountSync(2_500);
      lab.upstream.before = ({ operation }) => {
        if (heavy(lab) > 1) throw new RingCentralError({ ...failure, operation, mayHaveTakenEffect: false });
      };
      // The first slice has saved a page: it waits as told.
      const told = "retryAfterMs" in failure ? failure.retryAfterMs : 30_000;
      expect(await lab.sync()).toMatchObject({ state: "continues", continueAfterMs: told, pages: 1 });
      const ends: unknown[] = [];
      for (let n = 0; n < 6; n += 1) {
        const { state, continueAfterMs } = await lab.sync();
        ends.push(continueAfterMs ?? state);
      }
      expect(ends).toEqual([...waits, "failed"]);
      const code = failure.kind === "storage" ? "storage_unavailable" : "upstream_rate_limited";
      expect((await getSyncStatus(lab.reading, { accountId: ACCOUNT })).problem).toMatchObject({
        code,
        retryable: true,
      });
      lab.upstream.before = undefined;
      expect(await lab.sync()).toMatchObject({ state: "committed", pages: 3 });
    },
  );

  it("waits longer after each transient failure, then fails and keeps its pages", async () => {
    const lab = createAccountSync(2_500);
    lab.upstream.before = ({ operation }) => {
      if (heavy(lab) > 1) throw unavailable(operation);
    };
    const states: unknown[] = [];
    const waits: unknown[] = [];
    for (let n = 0; n < 6; n += 1) {
      const { state, continueAfterMs } = await lab.sync();
      states.push(state);
      waits.push(continueAfterMs);
    }
    expect(states).toEqual(["continues", "continues", "continues", "continues", "continues", "failed"]);
    expect(waits).toEqual([15_000, 30_000, 60_000, 120_000, 240_000, undefined]);
    expect(await getSyncStatus(lab.reading, { accountId: ACCOUNT })).toMatchObject({
      state: "failed",
      problem: { code: "upstream_unavailable", retryable: true },
      history: [{ state: "failed", pages: 1 }],
    });
    lab.upstream.before = undefined;
    lab.upstream.calls.length = 0;
    expect(await lab.sync()).toMatchObject({ state: "committed" });
    expect(lab.upstream.calls.map(({ page }) => page)).toEqual([2, 3]);
  });

  it("fails at once when a permission is missing, and shows the problem", async () => {
    const lab = createAccountSync(10);
    lab.upstream.before = ({ operation }) => {
      throw rejection(operation, 403, "CMN-401");
    };
    expect(await lab.sync()).toMatchObject({
      state: "failed",
      problem: { code: "upstream_app_permission_missing", retryable: false },
    });
    expect(await getSyncStatus(lab.reading, { accountId: ACCOUNT })).toMatchObject({ state: "failed" });
  });

  it("fails when its credentials cannot be read, and does not blame RingCentral", async () => {
    const lab = createAccountSync(10);
    const away = { fingerprint: () => Promise.reject(new SecretUnavailableError()) };
    expect(await lab.sync(away)).toMatchObject({
      state: "failed",
      problem: { code: "credentials_unavailable", retryable: true },
    });
    expect(await lab.sync()).toMatchObject({ state: "committed" });
  });

  it("fails at once when its login is rate-limited before it has begun: no checkpoint would count the waits", async () => {
    const lab = createAccountSync(10);
    const limited = { fingerprint: () => Promise.reject(rateLimited("login", 1_000)) };
    expect(await lab.sync(limited)).toMatchObject({
      state: "failed",
      problem: { code: "upstream_rate_limited", retryable: true },
    });
    expect(await lab.sync()).toMatchObject({ state: "committed" });
  });

  it("makes a second sync wait, and is taken over when its process hangs", async () => {
    const lab = createAccountSync(2_500);
    const frozen = new Promise<never>(() => {});
    const stuck = lab.sync({
      ringcentral: {
        call: async (operation, input, context) =>
          heavy(lab) === 1 ? frozen : lab.deps.ringcentral.call(operation, input, context),
      },
    });
    await Promise.race([stuck, new Promise((resolve) => setImmediate(resolve))]);
    const second = await lab.sync();
    expect(second.state).toBe("busy");
    expect(second.continueAfterMs).toBeGreaterThan(MINUTE);
    lab.clock.leap(second.continueAfterMs ?? 0);
    expect(await lab.sync()).toMatchObject({ state: "committed", pages: 3 });
    expect(lab.upstream.calls.map(({ page }) => page)).toEqual([1, 2, 3]);
  });

  it("starts over when the credentials change between two invocations", async () => {
    const lab = createAccountSync(1_500);
    lab.upstream.before = ({ operation }) => {
      if (heavy(lab) === 2) throw rateLimited(operation, 1_000);
    };
    await lab.sync();
    lab.state.fingerprint = "another";
    expect(await lab.sync()).toMatchObject({ state: "committed", pages: 2 });
    expect(lab.events).toContainEqual(
      expect.objectContaining({ type: "started_over", reason: "fingerprint" }),
    );
  });

  it("starts over when the credentials change while it reads: two views do not make one", async () => {
    const lab = createAccountSync(100);
    await lab.sync();
    lab.upstream.before = () => {
      lab.state.fingerprint = "another";
      lab.upstream.remove(7);
    };
    expect(await lab.sync()).toMatchObject({ state: "continues", continueAfterMs: 0 });
    expect(await lab.ids()).toContain("7");
    lab.upstream.before = undefined;
    expect(await lab.sync()).toMatchObject({ state: "quarantined", removed: 1 });
    expect(lab.events).toContainEqual(
      expect.objectContaining({ type: "started_over", reason: "fingerprint" }),
    );
  });

  it("waits longer and longer while the credentials change during each scan, then fails", async () => {
    const lab = createAccountSync(100);
    let reads = 0;
    const changing = { fingerprint: async () => `credentials ${reads++}` };
    const ends: unknown[] = [];
    for (let n = 0; n < 7; n += 1) {
      const { state, continueAfterMs } = await lab.sync(changing);
      ends.push(continueAfterMs ?? state);
      lab.clock.leap(continueAfterMs ?? 0);
    }
    expect(ends).toEqual([0, 15_000, 30_000, 60_000, 120_000, 240_000, "failed"]);
    expect((await getSyncStatus(lab.reading, { accountId: ACCOUNT })).problem).toMatchObject({
      code: "internal",
    });
    expect(await lab.sync()).toMatchObject({ state: "committed" });
  });

  it("fails while the credentials change between all invocations", async () => {
    const lab = createAccountSync(2_500);
    let slices = 0;
    for (let state = "continues"; state === "continues"; slices += 1) {
      expect(slices).toBeLessThan(10);
      lab.upstream.calls.length = 0;
      lab.state.fingerprint = `credentials ${slices}`;
      lab.upstream.before = ({ operation }) => {
        if (heavy(lab) === 2) throw rateLimited(operation, 1_000);
      };
      ({ state } = await lab.sync());
    }
    expect((await getSyncStatus(lab.reading, { accountId: ACCOUNT })).state).toBe("failed");
  });

  it("is not recorded as failed by a former holder after a later run has ended", async () => {
    const lab = createAccountSync(10);
    lab.upstream.before = ({ operation }) => {
      throw rejection(operation, 403, "CMN-401");
    };
    const { former, goOn } = await freeze(lab, ({ key }) => key === "runs");
    lab.clock.leap(3 * MINUTE);
    lab.upstream.before = undefined;
    expect(await lab.sync()).toMatchObject({ state: "committed" });
    goOn();
    expect(await former).toMatchObject({ state: "busy" });
    const { state, history } = await getSyncStatus(lab.reading, { accountId: ACCOUNT });
    expect({ state, runs: history.map((run) => run.state) }).toEqual({ state: "idle", runs: ["committed"] });
  });

  it("uses the pages of the last holder, not a page that a crashed holder staged", async () => {
    const lab = createAccountSync(30);
    lab.upstream.maxPerPage = 10;
    let isDead = false;
    const dying: RecordStore = {
      ...lab.records,
      read: (key) => (isDead ? new Promise(() => {}) : lab.records.read(key)),
      async compareAndSet(key, ...rest) {
        // Page 2 is staged; the checkpoint that would say so never arrives.
        if (key.sort === "run" && heavy(lab) === 2) isDead = true;
        return isDead ? new Promise(() => {}) : lab.records.compareAndSet(key, ...rest);
      },
    };
    lab.sync({ records: dying });
    await expect.poll(() => isDead).toBe(true);
    lab.clock.leap(3 * MINUTE);
    lab.upstream.edit(15, { label: "as the second saw it" });
    lab.upstream.before = ({ operation }) => {
      if (heavy(lab) === 4) throw rateLimited(operation, 1_000);
    };
    expect(await lab.sync()).toMatchObject({ state: "continues", pages: 2 });
    expect(await lab.sync()).toMatchObject({ state: "committed", pages: 3 });
    expect((await lab.readAll({ q: "as the second" })).map(({ id }) => id)).toEqual(["15"]);
  });

  it("starts over when its base is not the current version, as after a restored backup", async () => {
    const lab = createAccountSync(1_500);
    await lab.sync();
    lab.upstream.edit(3, { label: "new" });
    lab.upstream.before = ({ page, operation }) => {
      if (page === 2) throw rateLimited(operation, 1_000);
    };
    await lab.sync();
    const old = lab.records.dump().find(({ key }) => key.sort === "run");
    lab.upstream.before = undefined;
    await lab.sync();
    lab.upstream.edit(4, { label: "newer" });
    await lab.sync();
    if (old !== undefined) lab.records.plant(old.key, old.version, old.json);
    lab.upstream.edit(3, { label: "newest" });
    expect(await lab.sync()).toMatchObject({ state: "committed", version: 4, updated: 1 });
    expect(lab.events).toContainEqual(expect.objectContaining({ type: "started_over", reason: "overtaken" }));
  });

  it("releases the lease after an unexpected error", async () => {
    const lab = createAccountSync(10);
    const broken = { fingerprint: () => Promise.reject(new TypeError("unforeseen")) };
    await expect(lab.sync(broken)).rejects.toThrow("unforeseen");
    expect(await lab.sync()).toMatchObject({ state: "committed" });
  });
});

describe("a removal", () => {
  it("is committed only when the look-up by id says that the number is gone", async () => {
    const lab = createAccountSync(100);
    await lab.sync();
    lab.upstream.remove(7);
    expect(await lab.sync()).toMatchObject({ state: "committed", removed: 1 });
    expect(lookedUp(lab)).toEqual(["7"]);
  });

  it("is not committed for a number that a steady list failed to show", async () => {
    const lab = createAccountSync(1_500);
    await lab.sync();
    // One goes before the reading position, one comes behind it: number 1001 is on neither page.
    let done = false;
    lab.upstream.before = ({ page }) => {
      if (page !== 2 || done) return;
      done = true;
      lab.upstream.remove(5);
      lab.upstream.put(numberOf(2_000));
    };
    // Number 5 was read before it went: it goes with the next sync.
    expect(await lab.sync()).toMatchObject({ state: "committed", added: 1, removed: 0 });
    expect(lookedUp(lab)).toEqual(["1001"]);
    expect(lab.events).toContainEqual(expect.objectContaining({ type: "missed_by_scan", count: 1 }));
    expect(await lab.sync()).toMatchObject({ state: "committed", removed: 1 });
    expect(await lab.ids()).toEqual(lab.upstreamIds());
  });

  it("is looked up 30 ids at a time", async () => {
    const lab = createAccountSync(1_000);
    await lab.sync();
    for (let id = 101; id <= 170; id += 1) lab.upstream.remove(id);
    lab.upstream.calls.length = 0;
    expect(await lab.sync()).toMatchObject({ state: "committed", removed: 70 });
    expect(lab.upstream.calls.map(({ ids }) => ids.length)).toEqual([0, 30, 30, 10]);
  });

  it("waits for the next sync when the look-up proves nothing; the rest is committed", async () => {
    const lab = createAccountSync(100);
    await lab.sync();
    lab.upstream.remove(7);
    lab.upstream.edit(8, { label: "new" });
    lab.upstream.before = ({ operation }) => {
      if (operation === "getCompanyNumber") throw rejection(operation, 404, "CMN-120");
    };
    expect(await lab.sync()).toMatchObject({ state: "committed", updated: 1, removed: 0 });
    expect(await lab.ids()).toContain("7");
    lab.upstream.before = undefined;
    expect(await lab.sync()).toMatchObject({ state: "committed", removed: 1 });
  });

  it("is looked up one id at a time when a list of ids gets no usable response, as far as the budget goes", async () => {
    const lab = createAccountSync(1_000);
    await lab.sync();
    for (let id = 101; id <= 170; id += 1) lab.upstream.remove(id);
    lab.upstream.calls.length = 0;
    let [budget, served] = [0, 0];
    lab.upstream.before = ({ operation }) => {
      if (operation === "listCompanyNumbers") return;
      if (operation === "getCompanyNumbers") {
        throw new RingCentralError({
          kind: "bad_response",
          operation,
          status: 502,
          mayHaveTakenEffect: true,
        });
      }
      if (budget === 0) throw rateLimited(operation, 1_000);
      [budget, served] = [budget - 1, served + 1];
    };
    for (let slice = 1; ; slice += 1) {
      expect(slice).toBeLessThan(10);
      budget = 12;
      const { state, removed } = await lab.sync();
      lab.clock.leap(MINUTE);
      if (state === "continues") continue;
      expect({ state, removed }).toEqual({ state: "committed", removed: 70 });
      break;
    }
    expect(served, "no look-up is repeated").toBe(70);
  });

  it("is left to a later sync when its look-up never works; the rest is committed", async () => {
    const lab = createAccountSync(1_000);
    await lab.sync();
    for (let id = 101; id <= 170; id += 1) lab.upstream.remove(id);
    lab.upstream.edit(8, { label: "new" });
    lab.upstream.before = ({ operation }) => {
      if (operation === "listCompanyNumbers") return;
      throw new RingCentralError({ kind: "bad_response", operation, status: 502, mayHaveTakenEffect: true });
    };
    const began = lab.clock.now();
    expect(await lab.syncToEnd()).toMatchObject({ state: "committed", updated: 1, removed: 0 });
    expect(lab.clock.now() - began).toBeLessThan(8 * MINUTE);
    lab.upstream.before = undefined;
    expect(await lab.sync()).toMatchObject({ state: "committed", removed: 70 });
  });

  it("continues with the remaining ids after the budget was spent", async () => {
    const lab = createAccountSync(1_000);
    await lab.sync();
    for (let id = 101; id <= 170; id += 1) lab.upstream.remove(id);
    lab.upstream.calls.length = 0;
    let limited = false;
    lab.upstream.before = ({ operation }) => {
      if (limited || lab.upstream.calls.length !== 3) return;
      limited = true;
      throw rateLimited(operation, 1_000);
    };
    expect(await lab.sync()).toMatchObject({ state: "continues" });
    expect(await lab.sync()).toMatchObject({ state: "committed", removed: 70 });
    expect(lab.upstream.calls.map(({ ids }) => ids.length)).toEqual([0, 30, 30, 30, 10]);
  });
});

describe("a view with fewer numbers", () => {
  const shrink = (lab: ReturnType<typeof createAccountSync>, from = 101, to = 180) => {
    for (let id = from; id <= to; id += 1) lab.upstream.remove(id);
  };

  it("is quarantined when more than a fifth is missing, and committed when the re-check finds the same", async () => {
    const lab = createAccountSync(250);
    await lab.sync();
    shrink(lab);
    expect(await lab.sync()).toMatchObject({ state: "quarantined", removed: 80 });
    expect(await lab.ids()).toHaveLength(250);
    expect(await getSyncStatus(lab.reading, { accountId: ACCOUNT })).toMatchObject({
      state: "quarantined",
      quarantine: { reason: "shrink", removed: 80 },
    });
    lab.clock.leap(MINUTE);
    expect(await lab.sync()).toMatchObject({ state: "quarantined" });
    const [recheckMs = 0] = lab.rechecks;
    lab.clock.leap(recheckMs - MINUTE);
    expect(await lab.sync()).toMatchObject({ state: "committed", removed: 80 });
    expect((await getSyncStatus(lab.reading, { accountId: ACCOUNT })).quarantine).toBeUndefined();
  });

  it("lists the first of the missing numbers, main ones before others, and the digits of none", async () => {
    const lab = createAccountSync(250);
    lab.upstream.edit(120, { usageType: "MainCompanyNumber", label: "Front desk" });
    await lab.sync();
    shrink(lab);
    await lab.sync();
    const { quarantine } = await getSyncStatus(lab.reading, { accountId: ACCOUNT });
    expect(quarantine?.numbers).toHaveLength(25);
    expect(quarantine?.numbers?.slice(0, 2)).toEqual([
      { id: "120", phoneNumber: "•••0120", name: "Front desk", usageType: "MainCompanyNumber" },
      { id: "101", phoneNumber: "•••0101", name: "Person 101", usageType: "DirectNumber" },
    ]);
  });

  it("is quarantined again when the re-check finds other numbers", async () => {
    const lab = createAccountSync(250);
    await lab.sync();
    shrink(lab);
    await lab.sync();
    lab.upstream.remove(200);
    lab.clock.leap(lab.rechecks[0] ?? 0);
    expect(await lab.sync()).toMatchObject({ state: "quarantined", removed: 81 });
    // Otherwise a list that shrinks on and on would be looked at ever more often.
    expect(lab.rechecks).toHaveLength(1);
  });

  it("has one re-check, however many runs find it", async () => {
    const lab = createAccountSync(250);
    await lab.sync();
    shrink(lab);
    for (let run = 0; run < 6; run += 1) await lab.sync();
    expect(lab.rechecks).toHaveLength(1);
  });

  it("is not recorded by a former holder after a later run has seen the account whole", async () => {
    const lab = createAccountSync(250);
    await lab.sync();
    const all = [...lab.upstream.numbers.values()];
    shrink(lab);
    let goOn = () => {};
    const frozen = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let isFrozen = false;
    const slow: RecordStore = {
      ...lab.records,
      async compareAndSet(key, ...rest) {
        if (key.sort === "quarantine") {
          isFrozen = true;
          await frozen;
        }
        return lab.records.compareAndSet(key, ...rest);
      },
    };
    const former = lab.sync({ records: slow });
    await expect.poll(() => isFrozen).toBe(true);
    lab.clock.leap(3 * MINUTE);
    // The next holder finds the same in the staged pages; the run after it reads the list again.
    expect(await lab.sync()).toMatchObject({ state: "quarantined" });
    for (const number of all) lab.upstream.put(number);
    expect(await lab.sync()).toMatchObject({ state: "unchanged" });
    goOn();
    expect(await former).toMatchObject({ state: "busy" });
    expect((await getSyncStatus(lab.reading, { accountId: ACCOUNT })).quarantine).toBeUndefined();
  });

  it("is not replaced by a former holder after a later run has found more", async () => {
    const lab = createAccountSync(250);
    await lab.sync();
    shrink(lab);
    const { former, goOn } = await freeze(lab, ({ key, count }) => key === "quarantine" && count === 2);
    lab.clock.leap(3 * MINUTE);
    lab.state.fingerprint = "other";
    expect(await lab.syncToEnd()).toMatchObject({ state: "quarantined" });
    goOn();
    expect(await former).toMatchObject({ state: "busy" });
    expect((await getSyncStatus(lab.reading, { accountId: ACCOUNT })).quarantine?.reason).toBe("permissions");
  });

  it("is committed after an operator confirms it, exactly as it was", async () => {
    const lab = createAccountSync(250);
    await lab.sync();
    expect(await confirmQuarantine(lab.deps, ACCOUNT)).toBe(false);
    shrink(lab);
    await lab.sync();
    expect(await confirmQuarantine(lab.deps, ACCOUNT)).toBe(true);
    expect(await lab.sync()).toMatchObject({ state: "committed", removed: 80 });
    shrink(lab, 1, 100);
    expect(await lab.sync()).toMatchObject({ state: "quarantined" });
  });

  it("is confirmed only as the operator has seen it", async () => {
    const lab = createAccountSync(250);
    await lab.sync();
    shrink(lab);
    await lab.sync();
    const revision = async () =>
      (await getSyncStatus(lab.reading, { accountId: ACCOUNT })).quarantine?.revision ?? "";
    const seen = await revision();
    lab.upstream.remove(200);
    await lab.sync();
    expect(await confirmQuarantine(lab.deps, ACCOUNT, seen)).toBe(false);
    expect(await lab.sync()).toMatchObject({ state: "quarantined", removed: 81 });
    expect(await confirmQuarantine(lab.deps, ACCOUNT, await revision())).toBe(true);
    expect(await lab.sync()).toMatchObject({ state: "committed", removed: 81 });
  });

  it("is not committed by a confirmation of other numbers", async () => {
    const lab = createAccountSync(250);
    await lab.sync();
    shrink(lab);
    await lab.sync();
    await confirmQuarantine(lab.deps, ACCOUNT);
    lab.upstream.remove(200);
    expect(await lab.sync()).toMatchObject({ state: "quarantined", removed: 81 });
    await confirmQuarantine(lab.deps, ACCOUNT);
    expect(await lab.sync()).toMatchObject({ state: "committed", removed: 81 });
  });

  it("is released when the numbers come back", async () => {
    const lab = createAccountSync(250);
    await lab.sync();
    const all = [...lab.upstream.numbers.values()];
    shrink(lab);
    await lab.sync();
    for (const number of all) lab.upstream.put(number);
    expect(await lab.sync()).toMatchObject({ state: "unchanged" });
    expect(await getSyncStatus(lab.reading, { accountId: ACCOUNT })).toMatchObject({ state: "idle" });
  });

  it("may lose ten numbers of a small account", async () => {
    const lab = createAccountSync(20);
    await lab.sync();
    shrink(lab, 11, 20);
    expect(await lab.sync()).toMatchObject({ state: "committed", removed: 10 });
  });

  it("is never committed for a lesser role", async () => {
    const lab = createAccountSync(100);
    for (let id = 2; id <= 9; id += 1) lab.upstream.edit(id, { usageType: "CompanyNumber" });
    await lab.sync();
    lab.upstream.role = "lesser";
    for (let n = 0; n < 3; n += 1) {
      expect(await lab.sync()).toMatchObject({ state: "quarantined" });
      lab.clock.leap(60 * MINUTE);
    }
    expect((await getSyncStatus(lab.reading, { accountId: ACCOUNT })).quarantine?.reason).toBe(
      "main_numbers",
    );
    expect(await lab.ids()).toHaveLength(100);
    lab.upstream.role = "admin";
    expect(await lab.sync()).toMatchObject({ state: "unchanged" });
  });

  it("is quarantined when RingCentral forbids the look-up of a number", async () => {
    const lab = createAccountSync(100);
    lab.upstream.edit(1, { usageType: "CompanyNumber" });
    await lab.sync();
    lab.upstream.role = "lesser";
    expect(await lab.sync()).toMatchObject({ state: "quarantined", removed: 1 });
    expect((await getSyncStatus(lab.reading, { accountId: ACCOUNT })).quarantine?.reason).toBe("permissions");
    // An operator may say that the smaller view is to be the account's from now on.
    await confirmQuarantine(lab.deps, ACCOUNT);
    expect(await lab.sync()).toMatchObject({ state: "committed", removed: 1 });
  });

  it("is quarantined with other credentials, however small; without missing numbers they are accepted", async () => {
    const lab = createAccountSync(100);
    await lab.sync();
    lab.state.fingerprint = "other";
    lab.upstream.remove(7);
    expect(await lab.sync()).toMatchObject({ state: "quarantined", removed: 1 });
    lab.upstream.put(numberOf(7));
    expect(await lab.sync()).toMatchObject({ state: "unchanged" });
    lab.upstream.remove(7);
    expect(await lab.sync()).toMatchObject({ state: "committed", removed: 1 });
  });
});

describe("an unreadable response to a look-up", () => {
  it("is not taken for a missing number", async () => {
    const lab = createAccountSync(100);
    await lab.sync();
    lab.upstream.remove(7);
    lab.upstream.before = ({ operation }) => {
      if (operation !== "getCompanyNumber") return;
      throw new RingCentralError({ kind: "bad_response", operation, status: 200, mayHaveTakenEffect: true });
    };
    expect(await lab.sync()).toMatchObject({ state: "unchanged" });
    expect(await lab.ids()).toContain("7");
  });
});
