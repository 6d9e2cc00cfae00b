import { expect, it } from "vitest";
import { KeyProgress } from "../../../../lib/http/idempotency/progress.ts";
import { leapingClock } from "../../../support/manual-clock.ts";
import { createMemoryRecordStore } from "../../../support/memory-record-store.ts";

const scope = { accountId: "1", callerId: "ana", operationId: "change", key: "k1" };

function setUp() {
  const [records, clock] = [createMemoryRecordStore(), leapingClock()];
  const progress = (fingerprint = "f") => new KeyProgress(records, clock, { ...scope, fingerprint });
  return { clock, progress };
}

it("is continued by the next request with the key, and by no other one", async () => {
  const { progress } = setUp();
  const first = progress();
  expect(await first.load()).toBeUndefined();
  await first.save(["sent"]);
  await first.save(["done"]);
  expect(await progress().load()).toEqual(["done"]);
  const other = progress("g");
  expect(await other.load()).toBeUndefined();
  await other.save(["sent"]);
  expect(await progress().load()).toBeUndefined();
});

it("cannot be saved by a request that another one has taken over from", async () => {
  const { progress } = setUp();
  const [frozen, next] = [progress(), progress()];
  await frozen.load();
  await frozen.save(["sent"]);
  await next.load();
  await next.save(["done"]);
  await expect(frozen.save(["not_started"])).rejects.toMatchObject({ code: "idempotency_in_progress" });
  expect(await progress().load()).toEqual(["done"]);
});

it("ends with its key, also while the table still has it", async () => {
  const { clock, progress } = setUp();
  await progress().save(["done"]);
  clock.leap(24 * 60 * 60 * 1000);
  expect(await progress().load()).toBeUndefined();
});
