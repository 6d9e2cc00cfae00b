import { describe, expect, it } from "vitest";
import { listLiveCompanyNumbers } from "../../../lib/numbers/company-numbers.ts";
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
  ])("filters by %j in the service, over the largest page, and claims no total", async (query, ids) => {
    const { page, call } = await list(query);
    expect(page.items.map((item) => item.id)).toEqual(ids);
    expect(page.total).toBeUndefined();
    expect(call?.query).toMatchObject({ perPage: 1000 });
  });
});
