import { describe, expect, it } from "vitest";
import { createBlockedNumberEndpoints } from "../../../lib/numbers/blocked-number-endpoint.ts";
import { listBlockedNumbers } from "../../../lib/numbers/blocked-numbers.ts";
import { addBlockedNumber } from "../../../lib/numbers/write-blocked-numbers.ts";
import type { Clock } from "../../../lib/platform/clock.ts";
import { createMemoryRecordStore } from "../../support/memory-record-store.ts";
import {
  type FakeCall,
  failure,
  fakeRingCentral,
  NOW,
  numbersRequest,
  wholeList,
} from "./fake-ringcentral.ts";

const legacyRecords = [{ id: 4400111000, phoneNumber: "+1 202-555-0143", name: "Robocaller" }];
const currentRecords = [{ id: "5100", phoneNumber: "+12025550143", label: "Robocaller", status: "Blocked" }];

function setUp(respond: (call: FakeCall) => unknown, records = createMemoryRecordStore()) {
  const time = { now: NOW };
  const clock: Clock = { now: () => time.now, sleep: async () => {} };
  const ringcentral = fakeRingCentral(respond);
  const endpoints = createBlockedNumberEndpoints(records, clock);
  return { deps: { ringcentral, endpoints, clock }, ringcentral, records, time };
}

function withoutLegacy(call: FakeCall) {
  if (call.operation === "listBlockedNumbers" || call.operation === "addBlockedNumber") {
    return failure({ status: 404, errorCode: "AGW-404" });
  }
  return call.operation === "addCallerBlockingNumber" ? currentRecords[0] : wholeList(currentRecords);
}

describe("listing blocked numbers", () => {
  it("uses blocked-number and returns its name as the label, the id as text, the number as E.164", async () => {
    const { deps, ringcentral } = setUp(() => wholeList(legacyRecords));
    const page = await listBlockedNumbers(deps, numbersRequest());
    expect(page).toEqual({
      items: [{ id: "4400111000", phoneNumber: "+12025550143", label: "Robocaller" }],
      total: 1,
      source: "live",
      asOf: NOW,
    });
    expect(ringcentral.calls.map((call) => call.operation)).toEqual(["listBlockedNumbers"]);
  });

  it("falls back to caller-blocking with status Blocked when the gateway does not route blocked-number", async () => {
    const { deps, ringcentral } = setUp(withoutLegacy);
    const page = await listBlockedNumbers(deps, numbersRequest());
    expect(page.items).toEqual([{ id: "5100", phoneNumber: "+12025550143", label: "Robocaller" }]);
    expect(ringcentral.calls[1]).toMatchObject({
      operation: "listCallerBlockingNumbers",
      query: { status: "Blocked" },
    });
  });

  it("remembers that fallback for a day, in the process and in the fleet", async () => {
    const first = setUp(withoutLegacy);
    await listBlockedNumbers(first.deps, numbersRequest());
    await listBlockedNumbers(first.deps, numbersRequest());
    expect(first.ringcentral.calls).toHaveLength(3);

    const second = setUp(withoutLegacy, first.records);
    await listBlockedNumbers(second.deps, numbersRequest());
    expect(second.ringcentral.calls.map((call) => call.operation)).toEqual(["listCallerBlockingNumbers"]);

    second.time.now += 25 * 60 * 60 * 1000;
    await listBlockedNumbers(second.deps, numbersRequest());
    expect(second.ringcentral.calls[1]?.operation).toBe("listBlockedNumbers");
  });

  it("does not take an unknown extension for an unrouted path", async () => {
    const { deps, ringcentral } = setUp(() => failure({ status: 404, errorCode: "CMN-102" }));
    await expect(listBlockedNumbers(deps, numbersRequest())).rejects.toMatchObject({
      failure: { errorCode: "CMN-102" },
    });
    expect(ringcentral.calls).toHaveLength(1);
  });

  it.each([
    { status: 404, parameterName: "extensionId" },
    { status: 404, errorCode: "CMN-102", parameterName: "accountId" },
    { status: 403, errorCode: "CMN-408" },
    { kind: "bad_response", status: 502 } as const,
  ])("does not take %j for an unrouted path", async (details) => {
    const { deps, ringcentral } = setUp(() => failure(details));
    await expect(listBlockedNumbers(deps, numbersRequest())).rejects.toMatchObject({ failure: details });
    expect(ringcentral.calls).toHaveLength(1);
  });

  it("does not remember an endpoint as gone while its successor serves nothing", async () => {
    const { deps, ringcentral } = setUp(() => failure({ kind: "bad_response", status: 404 }));
    for (let time = 0; time < 2; time += 1) await listBlockedNumbers(deps, numbersRequest()).catch(() => {});
    expect(ringcentral.calls.map((call) => call.operation)).toEqual([
      "listBlockedNumbers",
      "listCallerBlockingNumbers",
      "listBlockedNumbers",
      "listCallerBlockingNumbers",
    ]);
  });

  it("rejects a cursor of the other endpoint, whose ids and order may differ", async () => {
    const { deps } = setUp(withoutLegacy);
    const position = { offset: 100, pageSize: 100, endpoint: "legacy" };
    await expect(
      listBlockedNumbers(deps, { ...numbersRequest(), page: { limit: 100, position } }),
    ).rejects.toMatchObject({ code: "cursor_invalid" });
  });
});

describe("blocking a number", () => {
  const body = { phoneNumber: "(202) 555-0143", label: "Robocaller" };

  it("sends E.164 and the label under the legacy name", async () => {
    const { deps, ringcentral } = setUp(() => legacyRecords[0]);
    const created = await addBlockedNumber(deps, { ...numbersRequest(), query: { country: "US" }, body });
    expect(created.id).toBe("4400111000");
    expect(ringcentral.calls[0]?.body).toEqual({ phoneNumber: "+12025550143", name: "Robocaller" });
  });

  it("sends status Blocked through the current endpoint", async () => {
    const { deps, ringcentral } = setUp(withoutLegacy);
    await addBlockedNumber(deps, { ...numbersRequest(), query: { country: "US" }, body });
    expect(ringcentral.calls[1]?.body).toEqual({
      phoneNumber: "+12025550143",
      label: "Robocaller",
      status: "Blocked",
    });
  });

  it("makes no call for an invalid number", async () => {
    const { deps, ringcentral } = setUp(() => legacyRecords[0]);
    await expect(addBlockedNumber(deps, { ...numbersRequest(), query: {}, body })).rejects.toMatchObject({
      code: "request_invalid",
    });
    expect(ringcentral.calls).toHaveLength(0);
  });
});
