import { expect, test } from "vitest";
import { createLogger } from "../../../lib/platform/logger.ts";
import { noticeRestore } from "../../../lib/sync/restored-table.ts";
import { readHead } from "../../../lib/sync/snapshot/head.ts";
import { SyncRecords } from "../../../lib/sync/snapshot/sync-records.ts";
import { ACCOUNT, createAccountSync } from "../../support/account-sync.ts";

test("a restored table is noticed by its id, once, and not while the id is unknown", async () => {
  const lab = createAccountSync(3);
  await lab.sync();
  const lines: string[] = [];
  const log = createLogger({}, { write: (line) => lines.push(line) });
  const sequence = async () => (await readHead(new SyncRecords(lab.records, ACCOUNT))).sequence;
  const notice = async (tableId: () => Promise<string | undefined>) => {
    await noticeRestore({ ...lab.deps, log, tableId }, [ACCOUNT]);
    return sequence();
  };
  const unchanged = await sequence();
  expect(await notice(async () => "first")).toBe(unchanged);
  expect(await notice(async () => "first")).toBe(unchanged);
  expect(await notice(async () => undefined)).toBe(unchanged);
  expect(await notice(() => Promise.reject(new Error("away")))).toBe(unchanged);
  const restoredAt = lab.clock.now();
  expect(await notice(async () => "second")).toBe(restoredAt);
  lab.clock.leap(1_000);
  expect(await notice(async () => "second")).toBe(restoredAt);
  expect(lines.filter((line) => line.includes("the table was restored"))).toHaveLength(1);
});

test("an account that cannot be told keeps the others' turn, and is told by the next call", async () => {
  const lab = createAccountSync(3);
  const log = createLogger({}, { write: () => {} });
  const notice = (id: string) =>
    noticeRestore({ ...lab.deps, log, tableId: async () => id }, [ACCOUNT, "3700222"]);
  await notice("first");
  lab.records.faults.before = ({ key }) => {
    if (key.partition === `sync#${ACCOUNT}`) throw new Error("away");
  };
  await expect(notice("second")).rejects.toThrow("away");
  lab.records.faults = {};
  const sequenceOf = async (account: string) =>
    (await readHead(new SyncRecords(lab.records, account))).sequence;
  expect([await sequenceOf(ACCOUNT), await sequenceOf("3700222")]).toEqual([0, lab.clock.now()]);
  await notice("second");
  expect(await sequenceOf(ACCOUNT)).toBe(lab.clock.now());
});
