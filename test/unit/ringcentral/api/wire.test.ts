import { describe, expect, it } from "vitest";
import {
  wireBlockedNumber,
  wireBlockedNumbers,
  wireCallerBlocking,
  wireCallerBlockingNumber,
  wireCompanyNumber,
  wireCompanyNumbers,
  wireForwardingNumber,
  wireSubscriptions,
} from "../../../../lib/ringcentral/api/wire.ts";
import { withNextPage } from "../../../../lib/ringcentral/api/wire-list.ts";

const BASE = "https://platform.ringcentral.com/restapi/v1.0/account/3700111";

describe("RingCentral's records", () => {
  it("accept an id as text or as a number, and return it as text", () => {
    const number = { phoneNumber: "+12025550143" };
    expect(wireBlockedNumber.parse({ ...number, id: "4400111000" }).id).toBe("4400111000");
    expect(wireCompanyNumber.parse({ ...number, id: 900001 }).id).toBe("900001");
  });

  it("reject an id that a double has already rounded", () => {
    expect(wireCompanyNumber.safeParse({ phoneNumber: "+1", id: 2 ** 60 }).success).toBe(false);
  });

  it("need an id, and a number where the record is one", () => {
    expect(wireBlockedNumber.safeParse({ phoneNumber: "+12025550143" }).success).toBe(false);
    expect(wireBlockedNumber.safeParse({ id: "1" }).success).toBe(false);
    expect(wireBlockedNumber.safeParse({ id: "", phoneNumber: "+12025550143" }).success).toBe(false);
    expect(wireForwardingNumber.safeParse({ id: "1" }).success).toBe(true);
  });

  it("keep unknown enumeration values", () => {
    const parsed = wireCompanyNumber.parse({
      id: 1,
      phoneNumber: "+16505550111",
      usageType: "HologramNumber",
      status: "Cloned",
      type: "VoiceSmell",
      paymentType: "Barter",
    });
    expect(parsed).toMatchObject({
      usageType: "HologramNumber",
      status: "Cloned",
      type: "VoiceSmell",
      paymentType: "Barter",
    });
    expect(wireForwardingNumber.parse({ id: "1", type: "Watch", features: ["CallBeam"] })).toMatchObject({
      type: "Watch",
      features: ["CallBeam"],
    });
    expect(wireCallerBlockingNumber.parse({ id: "1", phoneNumber: "+1", status: "Paused" }).status).toBe(
      "Paused",
    );
    expect(wireCallerBlocking.parse({ mode: "Whim" }).mode).toBe("Whim");
  });

  it("take a flip number as text or as a number", () => {
    expect(wireForwardingNumber.parse({ id: "1", flipNumber: "2" }).flipNumber).toBe("2");
    expect(wireForwardingNumber.parse({ id: "1", flipNumber: 2 }).flipNumber).toBe("2");
    expect(wireForwardingNumber.parse({ id: "1", flipNumber: "" }).flipNumber).toBeUndefined();
  });

  it("read null as absent", () => {
    const parsed = wireCompanyNumber.parse({
      id: 1,
      phoneNumber: "+16505550111",
      type: null,
      label: null,
      extension: null,
      primary: null,
      status: null,
    });
    expect(parsed.type).toBeUndefined();
    expect(parsed.label).toBeUndefined();
    expect(parsed.extension).toBeUndefined();
    expect(parsed).toMatchObject({ primary: false, status: "Unknown", usageType: "Unknown" });
  });

  it("drop unknown fields, above all upstream addresses", () => {
    const parsed = wireForwardingNumber.parse({
      id: "712000",
      uri: `${BASE}/extension/3800222/forwarding-number/712000`,
      device: { id: 11, uri: `${BASE}/device/11` },
      extension: { id: 3800222, uri: `${BASE}/extension/3800222`, extensionNumber: 102, partnerId: "x" },
      novelty: { uri: BASE },
    });
    expect(JSON.stringify(parsed)).not.toContain("https:");
    expect(parsed.device).toEqual({ id: "11" });
    expect(parsed.extension).toEqual({ id: "3800222", extensionNumber: "102" });
  });

  it("keep what a PUT of settings has to send back", () => {
    const greetings = [{ type: "Unknown", custom: { id: 7 } }];
    expect(wireCallerBlocking.parse({ mode: "All", greetings })).toEqual({ mode: "All", greetings });
  });
});

describe("a list", () => {
  const records = [
    { id: "1", phoneNumber: "+12025550143", name: "Robocaller" },
    { id: "2", phoneNumber: "+12025550177" },
  ];

  it("gives its records and its position, without an address", () => {
    const list = wireBlockedNumbers.parse({
      uri: BASE,
      records,
      paging: { page: 1, perPage: 2, pageStart: 0, pageEnd: 1, totalPages: 2, totalElements: 3 },
      navigation: { firstPage: { uri: BASE }, nextPage: { uri: `${BASE}?page=2` }, lastPage: { uri: BASE } },
    });
    expect(list).toEqual({
      records,
      page: 1,
      perPage: 2,
      pageStart: 0,
      totalPages: 2,
      totalElements: 3,
      nextPage: "named",
    });
  });

  const paging = { page: 1, perPage: 100 };
  const next = { nextPage: { uri: BASE } };
  it.each([
    ["navigation names a next page", { paging, navigation: next }, true],
    ["navigation names none and there are no totals", { paging, navigation: {} }, false],
    ["a null next page", { paging, navigation: { nextPage: null } }, false],
    ["more pages in total, no navigation", { paging: { ...paging, totalPages: 3 } }, true],
    [
      "more pages in total, a navigation without a next page",
      { paging: { ...paging, totalPages: 3 }, navigation: {} },
      true,
    ],
    ["the last of the pages", { paging: { ...paging, page: 3, totalPages: 3 } }, false, 3],
    ["more elements in total", { paging: { ...paging, totalElements: 101 } }, true],
    ["no more elements in total", { paging: { ...paging, totalElements: 100 } }, false],
    ["paging alone, with records on the page", { paging }, true],
    ["no paging fields at all", {}, false],
  ])(
    "takes the next page from RingCentral's paging fields, not from how full the page is: %s",
    (_, envelope, expected, page = 1) => {
      const list = wireBlockedNumbers.parse({ records, ...envelope });
      expect(withNextPage(list, { page, perPage: 100 }).hasNextPage).toBe(expected);
    },
  );

  const hundred = Array.from({ length: 100 }, (_, id) => ({ ...records[0], id }));
  it.each([
    ["an empty page", { paging, navigation: next, records: [] }, 1, 100, false],
    [
      "a page past the last",
      { paging: { ...paging, totalPages: 3 }, navigation: next, records },
      4,
      100,
      false,
    ],
    [
      "the last page, with a next one named",
      { paging: { totalPages: 3 }, navigation: next, records },
      3,
      100,
      true,
    ],
    ["page 0 again", { paging: { page: 0, totalPages: 3 }, records }, 3, 100, false],
    [
      "totals of 0 beside records",
      { paging: { ...paging, totalPages: 0, totalElements: 0 }, records },
      1,
      100,
      true,
    ],
    [
      "odd totals",
      { paging: { page: "x", totalPages: -1, totalElements: 2 ** 40 }, navigation: {}, records },
      1,
      100,
      false,
    ],
    [
      "a page of size 0",
      { paging: { page: 1, perPage: 0, totalElements: 100 }, records: hundred },
      1,
      100,
      false,
    ],
    ["a next page named for ever", { paging, navigation: next, records }, 1000, 100, false],
    ["no paging, a full page", { records: hundred }, 1, 100, true],
    ["no paging, a page clamped to a hundred", { records: hundred }, 1, 1000, true],
    ["no paging, more than requested", { records: [...hundred, ...hundred] }, 1, 100, false],
    ["no paging, a full page with odd records", { records: [...hundred.slice(1), { id: 7 }] }, 1, 100, true],
  ])("ends or goes on after %s", (_, body, page, perPage, expected) => {
    expect(withNextPage(wireBlockedNumbers.parse(body), { page, perPage }).hasNextPage).toBe(expected);
  });

  it("is empty past the end, where RingCentral leaves out most of paging", () => {
    const list = wireBlockedNumbers.parse({
      records: [],
      paging: { perPage: 100, totalPages: 2, totalElements: 120 },
    });
    expect(list).toEqual({
      records: [],
      perPage: 100,
      totalPages: 2,
      totalElements: 120,
    });
  });

  it("may lack records only where paging confirms that there are none", () => {
    expect(wireBlockedNumbers.parse({ paging: { perPage: 100, totalElements: 0 } }).records).toEqual([]);
    expect(wireBlockedNumbers.safeParse({ paging: { perPage: 100, pageStart: 0 } }).success).toBe(false);
    expect(wireBlockedNumbers.safeParse({}).success).toBe(false);
    expect(wireBlockedNumbers.safeParse({ message: "hello" }).success).toBe(false);
    expect(wireBlockedNumbers.safeParse([]).success).toBe(false);
    expect(wireBlockedNumbers.safeParse({ records: "none" }).success).toBe(false);
  });

  it.each([
    ["no id", { phoneNumber: "+12025550199" }],
    ["no number", { id: "3", phoneNumber: " " }],
    ["an id that no path can hold", { id: "a/b", phoneNumber: "+12025550199" }],
  ])("leaves out and counts a record that cannot be shown, even the only one: %s", (_, odd) => {
    const list = wireBlockedNumbers.parse({ records: [records[0], odd, null] });
    expect(list).toMatchObject({ records: [records[0]], skippedRecords: 2 });
    expect(wireBlockedNumbers.parse({ records: [odd] })).toEqual({ records: [], skippedRecords: 1 });
  });

  it("of subscriptions is not spoiled by one either", () => {
    const kept = { id: "6d0b6d5e-0000-11f0", status: "Active" };
    expect(wireSubscriptions.parse({ records: [kept, { id: "a/b" }, { status: "Active" }] }).records).toEqual(
      [kept],
    );
  });

  it("fails when nothing on the page is a record", () => {
    expect(wireBlockedNumbers.safeParse({ records: ["a", null] }).success).toBe(false);
  });

  it("shows a record whose other members are odd without them", () => {
    const odd = {
      id: 7,
      phoneNumber: 12025550143,
      label: 42,
      status: { id: 1 },
      extension: "102",
      primary: "x",
    };
    expect(wireCallerBlockingNumber.parse(odd)).toEqual({
      id: "7",
      phoneNumber: "12025550143",
      label: "42",
      status: "Blocked",
    });
    expect(wireCompanyNumber.parse(odd)).toMatchObject({
      id: "7",
      label: "42",
      status: "Unknown",
      primary: false,
    });
    const forwarding = { id: "7", features: "CallFlip", flipNumber: {}, device: [] };
    expect(wireForwardingNumber.parse(forwarding)).toMatchObject({ id: "7", features: [] });
  });

  it("needs no paging", () => {
    const company = { records: [{ id: 900001, phoneNumber: "+18005550100" }] };
    expect(wireCompanyNumbers.safeParse(company).success).toBe(true);
    expect(wireCompanyNumbers.safeParse({ ...company, paging: [], navigation: "x" }).success).toBe(true);
  });
});
