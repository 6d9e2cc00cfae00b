import { describe, expect, it } from "vitest";
import { Backend } from "../../../../lib/numbers/forwarding/backend.ts";
import { noteBackend, readSurvey } from "../../../../lib/numbers/forwarding/backend-survey.ts";
import { StorageUnavailable } from "../../../../lib/storage/errors.ts";
import { createMemoryRecordStore } from "../../../support/memory-record-store.ts";
import { clock, failure, fakeRingCentral, NOW, numbersRequest } from "../fake-ringcentral.ts";

const accountId = "3700111";
const features = (value: string) => ({
  records: [
    {
      id: "NewCallHandlingAndForwarding",
      available: true,
      params: [{ name: "isNewBackendAvailable", value }],
    },
  ],
});

describe("the backends of an account's extensions", () => {
  it("are counted as RingCentral told them, each extension once", async () => {
    const records = createMemoryRecordStore();
    const deps = { records, clock, random: () => 0 };
    expect(await readSurvey(records, accountId)).toBeUndefined();
    const met = [
      ["1", "legacy"],
      ["2", "legacy"],
      ["1", "new"],
      ["3", "unknown"],
      ["1", "new"],
    ] as const;
    for (const [extensionId, known] of met) await noteBackend(deps, { accountId, extensionId, known });
    expect(await readSurvey(records, accountId)).toEqual({ legacy: 1, new: 1, unknown: 1, checkedAt: NOW });
  });

  it.each([
    ["features say new", features("true"), { new: 1 }],
    ["features say legacy", features("false"), { legacy: 1 }],
    ["neither tells", failure({ status: 403, errorCode: "CMN-408" }), { unknown: 1 }],
    ["there is no such extension", failure({ status: 404, errorCode: "CMN-102" }), undefined],
  ])("are met by a question: %s", async (_, response, expected) => {
    const records = createMemoryRecordStore();
    const ringcentral = fakeRingCentral(() => response);
    await Backend.of({ ringcentral, records, clock, random: () => 0 }, numbersRequest());
    const none = { legacy: 0, new: 0, unknown: 0, checkedAt: NOW };
    expect(await readSurvey(records, accountId)).toEqual(expected && { ...none, ...expected });
  });

  it("are written in parts that stay small, and a full part no more than now and then", async () => {
    const records = createMemoryRecordStore();
    const deps = { records, clock, random: () => 0 };
    const idsFrom = (first: number, count: number) =>
      Array.from({ length: count }, (_, n) => String(3_800_000_000 + first + n));
    const meet = async (ids: string[]) => {
      for (const extensionId of ids) await noteBackend(deps, { accountId, extensionId, known: "legacy" });
    };
    const written = new Set<string>();
    records.onWrite = ({ sort }) => void written.add(sort);
    await meet(idsFrom(0, 200));
    expect(written.size).toBe(16);
    const extensions = Object.fromEntries(idsFrom(10_000, 2_000).map((id) => [id, "legacy"]));
    const full = JSON.stringify({ extensions, checkedAt: NOW });
    expect(full.length).toBeLessThan(64 * 1024);
    records.plant({ partition: `forwarding#${accountId}`, sort: "survey#0" }, 1, full);
    written.clear();
    await meet(idsFrom(20_000, 200));
    expect(written.size).toBe(15);
  });

  it("are not told while the table is away, which fails no request", async () => {
    const records = createMemoryRecordStore();
    records.faults.before = () => {
      throw new StorageUnavailable("test");
    };
    await noteBackend({ records, clock, random: () => 0 }, { accountId, extensionId: "1", known: "new" });
    expect(await readSurvey(records, accountId)).toBeUndefined();
  });
});
