import { describe, expect, it } from "vitest";
import type { NumberChange } from "../../../../lib/contract/company-numbers.ts";
import { listNumberChanges } from "../../../../lib/sync/list-number-changes.ts";
import { publishChanges } from "../../../../lib/sync/snapshot/change-log.ts";
import { ACCOUNT, createAccountSync, MINUTE } from "../../../support/account-sync.ts";
import { numberOf } from "../../../support/number-account.ts";

const DAY = 24 * 60 * MINUTE;

describe("the change feed", () => {
  it("does not exist before the first sync", async () => {
    const lab = createAccountSync(1);
    const read = listNumberChanges(lab.reading, { accountId: ACCOUNT, page: { limit: 1 } });
    await expect(read).rejects.toMatchObject({ code: "snapshot_missing" });
  });

  it("starts at the present, with an iteration over the current snapshot", async () => {
    const lab = createAccountSync(30);
    await lab.sync();
    const start = await listNumberChanges(lab.reading, { accountId: ACCOUNT, page: { limit: 5 } });
    expect(start).toMatchObject({ items: [], hasMore: false, source: "snapshot" });
    lab.upstream.put(numberOf(99));
    await lab.sync();
    expect(await lab.readAll({}, { from: start?.snapshot })).toHaveLength(30);
    expect((await lab.changesFrom(start?.next ?? {})).items).toMatchObject([{ sequence: 1, id: "99" }]);
  });

  it("returns every change once, in order, in pages of any size and over many versions", async () => {
    const lab = createAccountSync(700);
    await lab.sync();
    const { next } = await lab.feedStart();
    let id = 1_000;
    // 80 versions of few changes, and two of many.
    for (let version = 0; version < 82; version += 1) {
      const count = version % 41 === 7 ? 450 : 1 + (version % 3);
      for (let n = 0; n < count; n += 1) lab.upstream.put(numberOf(id++));
      await lab.sync();
    }
    const total = id - 1_000;
    for (const limit of [1_000, 250, 7]) {
      const { items } = await lab.changesFrom(next, limit);
      expect(items.map(({ sequence }) => sequence)).toEqual(Array.from({ length: total }, (_, n) => n + 1));
    }
  });

  it("keeps its position when nothing has changed", async () => {
    const lab = createAccountSync(5);
    await lab.sync();
    const { next } = await lab.feedStart();
    lab.clock.leap(MINUTE);
    await lab.sync();
    const page = await listNumberChanges(lab.reading, {
      accountId: ACCOUNT,
      page: { limit: 5, position: next },
    });
    expect(page).toMatchObject({ items: [], next, hasMore: false });
  });

  it("expires after 30 days, but not for a client that has read everything", async () => {
    const lab = createAccountSync(5);
    await lab.sync();
    const { next: before } = await lab.feedStart();
    lab.upstream.put(numberOf(99));
    await lab.sync();
    const { next: after } = await lab.changesFrom(before);
    lab.clock.leap(30 * DAY);
    expect((await lab.changesFrom(before)).items).toHaveLength(1);
    lab.clock.leap(MINUTE);
    await expect(lab.changesFrom(before)).rejects.toMatchObject({ code: "cursor_expired" });
    expect((await lab.changesFrom(after)).items).toEqual([]);
  });

  it("treats a cursor that it did not issue as expired", async () => {
    const lab = createAccountSync(5);
    await lab.sync();
    await expect(lab.changesFrom({ version: 9, index: 0 })).rejects.toMatchObject({ code: "cursor_expired" });
    await expect(lab.changesFrom({ page: 1 })).rejects.toMatchObject({ code: "cursor_expired" });
  });

  it("is complete when the process crashes before it records the version", async () => {
    const lab = createAccountSync(5);
    await lab.sync();
    const { next } = await lab.feedStart();
    const died = new Error("dead");
    for (const id of [51, 52, 53]) {
      lab.upstream.put(numberOf(id));
      lab.records.faults.before = ({ operation, key }) => {
        if (operation === "compareAndSet" && key.sort.startsWith("version#")) throw died;
      };
      await expect(lab.sync()).rejects.toBe(died);
      lab.records.faults = {};
      expect((await lab.changesFrom(next)).items.at(-1)).toMatchObject({ id: String(id) });
      lab.clock.leap(3 * MINUTE);
      expect(await lab.sync()).toMatchObject({ state: "committed" });
    }
    expect((await lab.changesFrom(next)).items.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  });
});

describe("a version whose writer crashed while writing its changes", () => {
  it("has one instant for all its changes", async () => {
    const lab = createAccountSync(50);
    await lab.sync();
    const { next } = await lab.feedStart();
    for (let id = 100; id < 500; id += 1) lab.upstream.put(numberOf(id));
    lab.records.faults.before = ({ operation, key }) => {
      if (operation === "compareAndSet" && /^changes#.*#1$/.test(key.sort)) throw new Error("dead");
    };
    await expect(lab.sync()).rejects.toThrow("dead");
    lab.records.faults = {};
    lab.clock.leap(10 * MINUTE);
    expect(await lab.sync()).toMatchObject({ state: "committed", added: 400 });
    const { items } = await lab.changesFrom(next);
    expect(items).toHaveLength(400);
    expect(new Set(items.map(({ at }) => at)).size).toBe(1);
  });
});

describe("the outbox", () => {
  function bus() {
    const published: number[] = [];
    return {
      published,
      failAt: Number.POSITIVE_INFINITY,
      async publish(changes: readonly NumberChange[]) {
        for (const { sequence } of changes) {
          if (published.length >= this.failAt) throw new Error("bus away");
          published.push(sequence);
        }
      },
    };
  }

  it("publishes each committed change once, in order, and nothing of the first version", async () => {
    const lab = createAccountSync(50);
    const target = bus();
    const publish = () =>
      publishChanges(
        { records: lab.records, publish: (all) => target.publish(all), hasTime: () => true },
        ACCOUNT,
      );
    await publish();
    await lab.sync();
    await publish();
    expect(target.published).toEqual([]);
    for (let id = 100; id < 350; id += 1) lab.upstream.put(numberOf(id));
    await lab.sync();
    await publish();
    await publish();
    expect(target.published).toEqual(Array.from({ length: 250 }, (_, n) => n + 1));
  });

  it("publishes changes again after a crash, and leaves none out", async () => {
    const lab = createAccountSync(50);
    await lab.sync();
    for (let id = 100; id < 350; id += 1) lab.upstream.put(numberOf(id));
    await lab.sync();
    const target = bus();
    target.failAt = 120;
    const publish = () =>
      publishChanges(
        { records: lab.records, publish: (all) => target.publish(all), hasTime: () => true },
        ACCOUNT,
      );
    await expect(publish()).rejects.toThrow("bus away");
    target.failAt = Number.POSITIVE_INFINITY;
    await publish();
    expect([...new Set(target.published)]).toEqual(Array.from({ length: 250 }, (_, n) => n + 1));
    expect(target.published).toHaveLength(270);
  });

  it("skips changes that have expired", async () => {
    const lab = createAccountSync(5);
    await lab.sync();
    lab.upstream.put(numberOf(98));
    await lab.sync();
    for (const { key, version } of lab.records.dump()) {
      if (key.sort.startsWith("changes#")) await lab.records.remove(key, version);
    }
    lab.upstream.put(numberOf(99));
    await lab.sync();
    const target = bus();
    await publishChanges(
      { records: lab.records, publish: (all) => target.publish(all), hasTime: () => true },
      ACCOUNT,
    );
    expect(target.published).toEqual([2]);
  });
});
