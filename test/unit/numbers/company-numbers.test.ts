import { describe, expect, it } from "vitest";
import { listLiveCompanyNumbers } from "../../../lib/numbers/company-numbers.ts";
import { digitSearch } from "../../../lib/numbers/shared/number-search.ts";
import { clock, fakeRingCentral, numbersRequest, wholeList } from "./fake-ringcentral.ts";

const records = [
  {
    id: 900001,
    phoneNumber: "+1 800 555 0100",
    usageType: "MainCompanyNumber",
    paymentType: "TollFree",
    status: "Normal",
    type: "VoiceFax",
    primary: true,
    uri: "https://upstream.invalid/phone-number/900001",
  },
  {
    id: "900002",
    phoneNumber: "+16505550111",
    usageType: "NewKindOfNumber",
    status: "Normal",
    type: null,
    label: "Front desk",
    location: "San Mateo, CA",
    extension: { id: 3800222, name: "Ana Ruiz", extensionNumber: "102" },
  },
];

async function list(query: Parameters<typeof listLiveCompanyNumbers>[1]["query"]) {
  const ringcentral = fakeRingCentral(() => wholeList(records));
  const page = await listLiveCompanyNumbers({ ringcentral, clock }, { ...numbersRequest(), query });
  return { page, call: ringcentral.calls[0] };
}

describe("a search by digits", () => {
  const search = (typed: string, phoneNumber: string) => digitSearch(typed)?.(phoneNumber);

  it.each([
    ["+1 202", "+12025550143"],
    ["1202", "+12025550143"],
    ["(202) 555", "+12025550143"],
    ["(202", "+12025550143"],
    ["2025550143", "+12025550143"],
    ["\u202d(202) 555-0143\u202c", "+12025550143"],
    ["0143", "+12025550143"],
    ["555-0143", "+12025550143"],
    ["011 44 20", "+442079460958"],
    ["0044 20", "+442079460958"],
    ["020 7946", "+442079460958"],
    ["7946 0958", "+442079460958"],
    ["030 90", "+4930901820"],
    ["06 12", "+390612345678"],
    ["\u0662\u0660\u0662 \u0665\u0665\u0665", "+12025550143"],
    ["995", "+995322123456"],
    ["322", "+995322123456"],
    ["138", "13812345678"],
    ["5678", "13812345678"],
  ])("finds by %s: %s", (typed, phoneNumber) => {
    expect(search(typed, phoneNumber)).toBe(true);
  });

  it.each([
    ["555", "+12025550143"],
    ["143", "+12025550143"],
    ["+202", "+12025550143"],
    ["0", "+442079460958"],
    ["00", "+442079460958"],
    ["44 30", "+442079460958"],
    ["+0958", "+442079460958"],
  ])("does not find by %s: %s", (typed, phoneNumber) => {
    expect(search(typed, phoneNumber)).toBe(false);
  });

  it("is none for words", () => {
    expect(digitSearch("42 Main St")).toBeUndefined();
  });
});

describe("listing the company's numbers", () => {
  it("returns text ids, E.164, unknown values unchanged, and no upstream address", async () => {
    const { page } = await list({});
    expect(page.items).toEqual([
      {
        id: "900001",
        phoneNumber: "+18005550100",
        usageType: "MainCompanyNumber",
        paymentType: "TollFree",
        status: "Normal",
        type: "VoiceFax",
        primary: true,
      },
      {
        id: "900002",
        phoneNumber: "+16505550111",
        usageType: "NewKindOfNumber",
        status: "Normal",
        label: "Front desk",
        location: "San Mateo, CA",
        primary: false,
        extension: { id: "3800222", name: "Ana Ruiz", extensionNumber: "102" },
      },
    ]);
    expect(page.total).toBe(2);
  });

  it("lets RingCentral filter by usage type and status, with repeated parameters", async () => {
    const { call } = await list({ usageType: ["DirectNumber", "MainCompanyNumber"], status: ["Normal"] });
    expect(call?.query).toEqual({
      page: 1,
      perPage: 100,
      usageType: ["DirectNumber", "MainCompanyNumber"],
      status: ["Normal"],
    });
  });

  it.each([
    [{ type: ["VoiceFax"] }, ["900001"]],
    [{ q: "1800" }, ["900001"]],
    [{ q: "+1650" }, ["900002"]],
    [{ q: "RUIZ" }, ["900002"]],
    [{ q: "desk" }, ["900002"]],
    [{ q: "uiz" }, []],
    [{ q: "front", type: ["VoiceFax"] }, []],
    [{ q: "102" }, ["900002"]],
    [{ extension: "3800222" }, ["900002"]],
    [{ extension: "102" }, ["900002"]],
    [{ extension: "10" }, []],
  ])("filters by %j in the service, over the largest page, and claims no total", async (query, ids) => {
    const { page, call } = await list(query);
    expect(page.items.map((item) => item.id)).toEqual(ids);
    expect(page.total).toBeUndefined();
    expect(call?.query).toMatchObject({ perPage: 1000 });
  });
});
