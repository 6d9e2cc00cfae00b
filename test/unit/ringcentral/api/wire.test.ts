import { describe, expect, it } from "vitest";
import {
  wireBlockedNumber,
  wireBlockedNumbers,
  wireCallerBlocking,
  wireCallerBlockingNumber,
  wireCompanyNumber,
  wireCompanyNumbers,
  wireExtensionPhoneNumbers,
  wireForwardingNumber,
} from "../../../../lib/ringcentral/api/wire.ts";

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

  it("keep greetings by id and name, so that a PUT can send them back", () => {
    const preset = { uri: `${BASE}/dictionary/greeting/7`, id: "7", name: "Firm" };
    expect(wireCallerBlocking.parse({ mode: "All", greetings: [{ type: "Unknown", preset }] })).toEqual({
      mode: "All",
      greetings: [{ type: "Unknown", preset: { id: "7", name: "Firm" } }],
    });
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
      hasNextPage: true,
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
    ["the last of the pages", { paging: { ...paging, page: 3, totalPages: 3 } }, false],
    ["more elements in total", { paging: { ...paging, totalElements: 101 } }, true],
    ["no more elements in total", { paging: { ...paging, totalElements: 100 } }, false],
    ["paging alone, with records on the page", { paging }, true],
    ["no paging fields at all", {}, false],
  ])(
    "takes the next page from RingCentral's paging fields, not from how full the page is: %s",
    (_, envelope, expected) => {
      expect(wireBlockedNumbers.parse({ records, ...envelope }).hasNextPage).toBe(expected);
    },
  );

  it("ends when only paging is given and the page is empty", () => {
    expect(wireBlockedNumbers.parse({ records: [], paging }).hasNextPage).toBe(false);
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
      hasNextPage: false,
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

  it("leaves out and counts unreadable records, but fails when a whole page is unreadable", () => {
    const odd = { phoneNumber: "+12025550199" };
    const list = wireBlockedNumbers.parse({ records: [records[0], odd, null] });
    expect(list).toMatchObject({ records: [records[0]], skippedRecords: 2 });
    expect(wireBlockedNumbers.safeParse({ records: [odd, null] }).success).toBe(false);
  });

  it("requires only the envelope fields that RingCentral documents as required", () => {
    const company = { records: [{ id: 900001, phoneNumber: "+18005550100" }] };
    expect(wireCompanyNumbers.safeParse(company).success).toBe(true);
    expect(wireExtensionPhoneNumbers.safeParse(company).success).toBe(false);
    expect(wireExtensionPhoneNumbers.safeParse({ ...company, paging, navigation: {} }).success).toBe(true);
  });
});
