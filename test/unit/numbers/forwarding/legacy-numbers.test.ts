import { describe, expect, it } from "vitest";
import { listForwardingNumbers } from "../../../../lib/numbers/forwarding/legacy-numbers.ts";
import {
  addForwardingNumber,
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
  const add = async (body: Body, query = {}, listed: object[] = []) => {
    const ringcentral = fakeRingCentral(({ operation }) =>
      operation === "listForwardingNumbers" ? wholeList(listed) : record,
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

  it("takes a number once: as asked it is there already, by another label it is rejected", async () => {
    const other = { ...record, id: "712009", type: "Other", label: "Cabin" };
    const { phoneNumber } = record;
    const { created, sent } = await add({ phoneNumber, type: "Mobile" }, {}, [record]);
    expect([created.id, sent]).toEqual([record.id, undefined]);
    for (const listed of [record, other]) {
      await expect(add({ phoneNumber, label: "Boat" }, {}, [listed])).rejects.toMatchObject({
        code: "number_already_listed",
        details: { detail: expect.stringContaining(listed.id) },
      });
    }
    const line = { ...record, type: "PhoneLine", device: { id: "8800" } };
    expect((await add({ phoneNumber, label: "Boat" }, {}, [line])).sent).toMatchObject({ phoneNumber });
  });

  it("rings in the work hours and in no other rule", async () => {
    const { sent } = await add({ phoneNumber: record.phoneNumber, rules: ["work-hours"] });
    expect(sent).toEqual({ phoneNumber: record.phoneNumber });
    for (const rules of [[], ["after-hours"], ["work-hours", "nights"]]) {
      await expect(add({ phoneNumber: record.phoneNumber, rules })).rejects.toMatchObject({
        code: "request_invalid",
        details: { errors: [{ field: "rules" }] },
      });
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
