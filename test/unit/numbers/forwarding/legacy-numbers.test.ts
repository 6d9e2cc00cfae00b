import { describe, expect, it } from "vitest";
import { listForwardingNumbers } from "../../../../lib/numbers/forwarding/legacy-numbers.ts";
import { requireUsualRules } from "../../../../lib/numbers/forwarding/requested.ts";
import {
  addForwardingNumber,
  findAsAsked,
  updateForwardingNumber,
} from "../../../../lib/numbers/forwarding/write-legacy.ts";
import { clock, fakeRingCentral, numbersRequest, wholeList } from "../fake-ringcentral.ts";

const OWN = numbersRequest().extensionId;
const record = {
  id: "712000",
  phoneNumber: "+13125550188",
  label: "Mobile",
  features: ["CallForwarding", "CallFlip"],
  flipNumber: "2",
  type: "Mobile",
};

describe("listing forwarding numbers", () => {
  it("returns flip numbers as numbers, devices by id, and extensions where there are any", async () => {
    const ringcentral = fakeRingCentral(() =>
      wholeList([
        record,
        {
          id: "712001",
          type: "PhoneLine",
          label: "Desk phone",
          device: { id: "8800" },
          features: ["CallFlip"],
        },
        {
          id: "712002",
          type: "ExtensionApps",
          extension: { id: "3800333", name: "Bo", extensionNumber: "103" },
        },
        { id: "712003", type: "Hologram", flipNumber: "none" },
        { id: "712004", type: "ExtensionApps", label: "My apps", extension: { id: OWN, name: "Ana" } },
      ]),
    );
    const page = await listForwardingNumbers({ ringcentral, clock }, numbersRequest());
    expect(page.items).toEqual([
      { ...record, flipNumber: 2 },
      { id: "712001", type: "PhoneLine", label: "Desk phone", deviceId: "8800", features: ["CallFlip"] },
      {
        id: "712002",
        type: "ExtensionApps",
        features: [],
        extension: { id: "3800333", name: "Bo", extensionNumber: "103" },
      },
      { id: "712003", type: "Hologram", features: [] },
      { id: "712004", type: "ExtensionApps", features: [], extension: { id: OWN } },
    ]);
  });
});

describe("adding a forwarding number", () => {
  type Body = Parameters<typeof addForwardingNumber>[1]["body"];
  const add = async (body: Body, query = {}) => {
    const ringcentral = fakeRingCentral(({ operation }) =>
      operation === "listForwardingNumbers" ? wholeList([]) : record,
    );
    const created = await addForwardingNumber({ ringcentral, clock }, { ...numbersRequest(), query, body });
    return {
      created,
      sent: ringcentral.calls.find(({ operation }) => operation === "addForwardingNumber")?.body,
    };
  };

  it("sends E.164, and the flip number as a number, as only this call requires", async () => {
    const { created, sent } = await add(
      { phoneNumber: "(312) 555-0188", type: "Mobile", flipNumber: 2 },
      { country: "US" },
    );
    expect(sent).toEqual({ phoneNumber: "+13125550188", type: "Mobile", flipNumber: 2 });
    expect(created.id).toBe("712000");
  });

  it("is there once: as asked it is found, by another label it is rejected", async () => {
    const { phoneNumber } = record;
    const find = (listed: object, asked: object) => {
      const ringcentral = fakeRingCentral(() => wholeList([listed]));
      return findAsAsked({ ringcentral, clock }, numbersRequest(), { phoneNumber, ...asked });
    };
    expect(await find(record, { type: "Mobile" })).toMatchObject({ id: record.id });
    const other = { ...record, id: "712009", type: "Other", label: "Cabin" };
    for (const listed of [record, other]) {
      await expect(find(listed, { label: "Boat" })).rejects.toMatchObject({
        code: "number_already_listed",
        details: { entry: { id: listed.id, phoneNumber, type: listed.type } },
      });
    }
    const line = { ...record, type: "PhoneLine", device: { id: "8800" } };
    expect(await find(line, { label: "Boat" })).toBeUndefined();
  });

  it("rings in the work hours and in no other rule", () => {
    requireUsualRules(undefined);
    requireUsualRules(["work-hours"]);
    for (const rules of [[], ["after-hours"], ["work-hours", "nights"]]) {
      expect(() => requireUsualRules(rules)).toThrow(/no such rule|ring in work-hours/);
    }
  });

  it("sends a desk phone as its device", async () => {
    const { sent } = await add({ type: "PhoneLine", deviceId: "8800" });
    expect(sent).toEqual({ type: "PhoneLine", device: { id: "8800" } });
  });

  it.each([
    [{}, "phoneNumber"],
    [{ type: "PhoneLine" as const }, "deviceId"],
    [{ type: "PhoneLine" as const, deviceId: "1", phoneNumber: "+13125550188" }, "phoneNumber"],
    [{ phoneNumber: "+13125550188", deviceId: "1" }, "deviceId"],
  ])("rejects %j and names the field", async (body, field) => {
    await expect(add(body)).rejects.toMatchObject({
      code: "request_invalid",
      details: { errors: [expect.objectContaining({ field })] },
    });
  });
});

describe("changing a forwarding number", () => {
  const update = async (body: Parameters<typeof updateForwardingNumber>[1]["body"]) => {
    const ringcentral = fakeRingCentral(() => record);
    await updateForwardingNumber(
      { ringcentral, clock },
      { ...numbersRequest(), path: { forwardingNumberId: "712000" }, body },
    );
    return ringcentral.calls;
  };

  it("reads, merges and sends all four fields, the flip number as text", async () => {
    const calls = await update({ flipNumber: 3 });
    expect(calls.map((call) => call.operation)).toEqual(["getForwardingNumber", "updateForwardingNumber"]);
    expect(calls[1]?.body).toEqual({
      phoneNumber: "+13125550188",
      label: "Mobile",
      flipNumber: "3",
      type: "Mobile",
    });
  });

  it("rejects an empty change", async () => {
    await expect(update({ country: "US" })).rejects.toMatchObject({ code: "request_invalid" });
  });
});
