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

  it("are not told while the table is away, which fails no request", async () => {
    const records = createMemoryRecordStore();
    records.faults.before = () => {
      throw new StorageUnavailable("test");
    };
    await noteBackend({ records, clock, random: () => 0 }, { accountId, extensionId: "1", known: "new" });
    expect(await readSurvey(records, accountId)).toBeUndefined();
  });
});
