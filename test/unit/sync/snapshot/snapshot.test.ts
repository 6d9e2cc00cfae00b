import { describe, expect, it } from "vitest";
import type { Position } from "../../../../lib/contract/paging.ts";
import { numberFilter } from "../../../../lib/numbers/company-numbers.ts";
import { scannedAt } from "../../../../lib/sync/snapshot/head.ts";
import { readSnapshotPage } from "../../../../lib/sync/snapshot/snapshot.ts";
import { forgetChunks } from "../../../../lib/sync/snapshot/snapshot-store.ts";
import { SyncRecords } from "../../../../lib/sync/snapshot/sync-records.ts";
import { ACCOUNT, createAccountSync, MINUTE } from "../../../support/account-sync.ts";
import { numberOf } from "../../../support/number-account.ts";

const HOUR = 60 * MINUTE;

async function firstPage(lab: ReturnType<typeof createAccountSync>, limit = 10, position?: Position) {
  const page = { limit, ...(position && { position }) };
  const read = await readSnapshotPage(lab.reading, { accountId: ACCOUNT, filter: {}, page });
  if (read === undefined) throw new Error("no snapshot");
  return read;
}

describe("the snapshot", () => {
  it("does not exist before the first sync", async () => {
    const lab = createAccountSync(3);
    const page = { limit: 10 };
    expect(await readSnapshotPage(lab.reading, { accountId: ACCOUNT, filter: {}, page })).toBeUndefined();
    expect(await scannedAt(new SyncRecords(lab.records, ACCOUNT))).toBeUndefined();
  });

  it("has the total and the time of the last full scan", async () => {
    const lab = createAccountSync(35);
    const began = lab.clock.now();
    await lab.sync();
    expect(await firstPage(lab)).toMatchObject({ total: 35, source: "snapshot", asOf: began });
    lab.clock.leap(MINUTE);
    await lab.sync();
    expect(await scannedAt(new SyncRecords(lab.records, ACCOUNT))).toBe(began + MINUTE);
  });

  it("is listed in the order of the numbers, each once, in pages of any size", async () => {
    const lab = createAccountSync(1_800);
    await lab.sync();
    for (const limit of [1_000, 600, 77]) {
      const numbers = await lab.readAll({}, { limit });
      expect(numbers).toHaveLength(1_800);
      expect(numbers).toEqual([...numbers].sort((a, b) => (a.phoneNumber < b.phoneNumber ? -1 : 1)));
      expect(new Set(numbers.map(({ id }) => id)).size).toBe(1_800);
    }
  });

  it("has no next page after the last one, also when that is full", async () => {
    const lab = createAccountSync(20);
    await lab.sync();
    const first = await firstPage(lab);
    const second = await firstPage(lab, 10, first.next);
    expect(second.items).toHaveLength(10);
    expect(second.next).toBeUndefined();
  });

  it.each([
    { usageType: ["MainCompanyNumber"] },
    { status: ["Pending"] },
    { q: "person 17" },
    { q: "+1202555001" },
    { extension: "1042" },
    { q: "front", status: ["Pending"] },
    { q: "nobody" },
  ])("counts and lists the numbers that fit %j", async (filter) => {
    const lab = createAccountSync(900);
    for (const id of [3, 300, 301, 899])
      lab.upstream.edit(id, { status: "Pending", label: `Front desk ${id}` });
    await lab.sync();
    const expected = (await lab.readAll()).filter(numberFilter(filter));
    const page = { limit: 2 };
    const first = await readSnapshotPage(lab.reading, { accountId: ACCOUNT, filter, page });
    expect(first?.total).toBe(expected.length);
    expect(await lab.readAll(filter, { limit: 2 })).toEqual(expected);
  });

  it("keeps its version during an iteration, which may last a day", async () => {
    const lab = createAccountSync(500);
    await lab.sync();
    const first = await firstPage(lab);
    for (let id = 1; id <= 9; id += 1) {
      lab.upstream.put(numberOf(600 + id));
      lab.upstream.edit(100 + id, { label: "changed" });
      lab.clock.leap(HOUR);
      await lab.sync();
    }
    expect((await lab.readAll({}, { from: first.next })).map(({ label }) => label)).not.toContain("changed");
    lab.clock.leap(15 * HOUR);
    await lab.sync();
    expect(await lab.readAll({}, { from: first.next })).toHaveLength(490);
    lab.clock.leap(MINUTE);
    await expect(lab.readAll({}, { from: first.next })).rejects.toMatchObject({ code: "cursor_expired" });
  });

  it("is deleted once no iteration can read it; chunks shared with later versions stay", async () => {
    const lab = createAccountSync(3_000);
    await lab.sync();
    const chunks = () => lab.records.dump().filter(({ key }) => key.sort.startsWith("chunk#")).length;
    const inOne = chunks();
    for (let id = 1; id <= 5; id += 1) {
      lab.upstream.edit(id * 500, { label: "changed" });
      await lab.sync();
    }
    expect(chunks()).toBe(inOne + 5);
    lab.clock.leap(26 * HOUR);
    await lab.sync();
    expect(chunks()).toBe(inOne);
    const manifests = lab.records.dump().filter(({ key }) => key.sort.startsWith("manifest#"));
    expect(manifests).toHaveLength(1);
    forgetChunks();
    expect((await lab.readAll()).map(({ id }) => id).sort()).toEqual(lab.upstreamIds());
  });

  it("is read from the table once, and then from the process's cache", async () => {
    const lab = createAccountSync(3_000);
    await lab.sync();
    forgetChunks();
    const reads: string[] = [];
    lab.records.faults.before = ({ key }) => {
      reads.push(key.sort.split("#")[0] ?? "");
    };
    await firstPage(lab);
    expect(reads).toEqual(["head", "manifest", "chunk"]);
    await firstPage(lab);
    expect(reads.slice(3)).toEqual(["head", "manifest"]);
  });
});
