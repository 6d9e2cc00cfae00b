import { expect, it } from "vitest";
import { Backend } from "../../../../lib/numbers/forwarding/backend.ts";
import { planAddition } from "../../../../lib/numbers/forwarding/plan.ts";
import { writeNew } from "../../../../lib/numbers/forwarding/write-new.ts";
import type { Change, WriterRecord } from "../../../../lib/numbers/forwarding/writer.ts";
import { isRawObject, type RawObject } from "../../../../lib/ringcentral/api/wire-call-handling.ts";
import { createMemoryRecordStore } from "../../../support/memory-record-store.ts";
import { clock, failure, fakeRingCentral, NOW, numbersRequest, wholeList } from "../fake-ringcentral.ts";

const NUMBER = "+12025550161";
const partition = "forwarding#3700111#3800222";
const row = { phoneNumber: NUMBER, label: "Cabin" };
const addition: Change = { first: "flips", flip: { key: `number:${NUMBER}`, row } };
const removal: Change = { first: "flips", flip: { key: `number:${NUMBER}` } };
const labelling: Change = {
  first: "flips",
  flip: { key: `number:${NUMBER}`, row: { ...row, label: "Barn" }, onlyIfPresent: true },
};

const noResponse = failure({ kind: "bad_response", status: 504, mayHaveTakenEffect: true });

/** A flip list whose first write fails, and the list afterwards. */
async function lab(
  list: readonly RawObject[],
  afterwards: readonly RawObject[],
  {
    leftover,
    error = noResponse,
    isDown = false,
  }: { leftover?: Change; error?: Error; isDown?: boolean } = {},
) {
  const records = createMemoryRecordStore();
  const isNew = { callHandling: "new", until: NOW + 60_000, aliases: [] };
  await records.compareAndSet({ partition, sort: "backend" }, null, isNew);
  const writerKey = { partition, sort: "writer" };
  const half = { leaseUntil: 0, change: leftover, changeUntil: NOW + 60_000 };
  if (leftover !== undefined) await records.compareAndSet(writerKey, null, half);
  let flips: unknown = list;
  let writes = 0;
  const ringcentral = fakeRingCentral(({ operation, body }) => {
    if (operation === "readCallFlipNumbers") return { records: flips };
    if (operation !== "replaceCallFlipNumbers") return wholeList([]);
    writes += 1;
    flips = writes === 1 ? afterwards : isRawObject(body) && body.records;
    return writes === 1 || isDown ? error : { records: flips };
  });
  const credentials = { clientId: "c", clientSecret: "s", jwt: "j", server: "https://twin.test" };
  const secret = { current: async () => credentials, refreshed: async () => [credentials] };
  const deps = { ringcentral, records, clock, random: () => 0.5, credentials: secret };
  const all = { ...deps, acceptedSecrets: async () => [credentials] };
  const backend = await Backend.of(all, numbersRequest());
  return {
    write: (change: Change) => writeNew(all, numbersRequest(), backend, () => change),
    add: () =>
      writeNew(all, numbersRequest(), backend, (numbers, state) =>
        planAddition(numbers, state, { phoneNumber: NUMBER, rules: [] }),
      ),
    shutUntil: async () => (await records.read<WriterRecord>(writerKey))?.value.leaseUntil,
    flips: () => flips,
  };
}

const there = [{ ...row, type: "External" }];
const IN_2_MINUTES = NOW + 120_000;

it.each([
  ["an addition that shows has ended", addition, [], there, 0],
  ["a label that shows has been written", labelling, there, [{ ...there[0], label: "Barn" }], 0],
  ["a removal that shows may be another client's", removal, there, [], IN_2_MINUTES],
  ["a row that is gone does not show its label", labelling, there, [], IN_2_MINUTES],
  ["an addition that does not show is sent again", addition, [], [], IN_2_MINUTES],
])("a write without a response: %s", async (_, change, before, afterwards, shutUntil) => {
  const extension = await lab(before, afterwards);
  await extension.write(change);
  expect(await extension.shutUntil()).toBe(shutUntil);
});

it("a half-done change whose completion may be late keeps the change of the same process out, too", async () => {
  const ring = { key: "device:1", rules: [] };
  const extension = await lab([], [], { leftover: { ...addition, first: "rules", ring } });
  await expect(extension.write(removal)).rejects.toMatchObject({ code: "upstream_locked" });
  expect(extension.flips()).toEqual(there);
  expect(await extension.shutUntil()).toBe(IN_2_MINUTES);
});

it("a write without a response, twice, is to be repeated when the extension is open again", async () => {
  const extension = await lab([], [], { isDown: true });
  await expect(extension.write(addition)).rejects.toMatchObject({
    code: "outcome_unknown",
    details: { retryAfterSeconds: 126 },
  });
});

it("a rejection is explained by what another client has done since the plan was made", async () => {
  const full = Array.from({ length: 10 }, (_, n) => ({ phoneNumber: `+1202555018${n}`, type: "External" }));
  const error = failure({ status: 400, errorCode: "CMN-101" });
  await expect((await lab([], full, { error })).add()).rejects.toMatchObject({
    code: "forwarding_limit_reached",
  });
  await expect((await lab([], [], { error })).add()).rejects.toBe(error);
});
