import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { extensionPath, type ListResponse, logIn, type Send } from "./http-lab.ts";
import { SEED, startTwin } from "./twin.ts";

const twin = await startTwin({ numbers: 20, limits: false });
afterAll(() => twin.close());
let send: Send;
beforeEach(async () => {
  twin.reset();
  send = await logIn(twin);
});

const path = `${extensionPath()}/forwarding-number`;
const add = (body: unknown) => send<Record<string, unknown>>("POST", path, body);
const update = (id: string, body: unknown) => send<Record<string, unknown>>("PUT", `${path}/${id}`, body);
const list = async () => (await send<ListResponse>("GET", path)).body.records;

describe("a new forwarding number", () => {
  test("returns 200 with the record; flip numbers are integers in requests and strings in responses", async () => {
    const { status, body } = await add({ phoneNumber: "+13125550101", label: "Cabin", flipNumber: 3 });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      phoneNumber: "+13125550101",
      label: "Cabin",
      type: "Other",
      flipNumber: "3",
      features: ["CallForwarding", "CallFlip"],
    });
    expect(body.id).toEqual(expect.any(String));
    expect(body.uri).toBe(`${twin.url}${path.replace("~", SEED.accountId)}/${body.id}`);
    expect(await list()).toContainEqual(body);
  });

  test("keeps its label only when its type is Other", async () => {
    const { body } = await add({ phoneNumber: "+13125550101", label: "Cabin", type: "Work" });
    expect(body).toMatchObject({ type: "Work", label: "Work" });
  });

  test("may be a line of a device, which determines its label", async () => {
    const { body } = await add({ type: "PhoneLine", device: { id: SEED.freeDeviceId }, label: "Mine" });
    expect(body).toMatchObject({ device: { id: SEED.freeDeviceId }, label: "Home office phone" });
    expect(body).not.toHaveProperty("phoneNumber");
  });

  test.each([
    ["a device and a number", { type: "PhoneLine", device: { id: "880002" }, phoneNumber: "+13125550101" }],
    ["a device for a mobile", { type: "Mobile", device: { id: "880002" } }],
    ["a flip number that is text", { phoneNumber: "+13125550101", flipNumber: "3" }],
    ["a flip number beyond 8", { phoneNumber: "+13125550101", flipNumber: 9 }],
    ["a type of the platform's own", { phoneNumber: "+13125550101", type: "ExtensionApps" }],
    ["something that is no number", { phoneNumber: "5550" }],
  ])("is rejected with %s", async (_what, body) => {
    const before = await list();
    expect(await add(body)).toMatchObject({ status: 400, body: { errors: [{ errorCode: "CMN-101" }] } });
    expect(await list()).toEqual(before);
  });

  test("may be in the list twice, so that a test can detect a blind retry", async () => {
    await add({ phoneNumber: "+13125550101" });
    await add({ phoneNumber: "+13125550101" });
    expect((await list()).filter(({ phoneNumber }) => phoneNumber === "+13125550101")).toHaveLength(2);
  });
});

describe("an update", () => {
  const mobile = {
    phoneNumber: "+13125550188",
    label: "Mobile",
    flipNumber: "2",
    type: "Mobile",
  };

  test("resets omitted fields", async () => {
    const { body } = await update(SEED.mobileForwardingId, { phoneNumber: "+13125550102", label: "Boat" });
    expect(body).toMatchObject({ phoneNumber: "+13125550102", label: "Boat", type: "Other" });
    expect(body).not.toHaveProperty("flipNumber");
    expect(await update(SEED.mobileForwardingId, { flipNumber: "4" })).toMatchObject({
      status: 400,
      body: { errors: [{ errorCode: "CMN-100", parameterName: "phoneNumber" }] },
    });
  });

  test("keeps omitted fields when the twin is set to merge", async () => {
    twin.configure({ putForwarding: "merge" });
    const { body } = await update(SEED.mobileForwardingId, { flipNumber: "4" });
    expect(body).toMatchObject({ ...mobile, flipNumber: "4" });
  });

  test("repeating everything changes nothing", async () => {
    const before = await list();
    expect((await update(SEED.mobileForwardingId, mobile)).status).toBe(200);
    expect(await list()).toEqual(before);
  });

  test("requires the flip number as text", async () => {
    const { status, body } = await update(SEED.mobileForwardingId, { ...mobile, flipNumber: 4 });
    expect([status, body]).toMatchObject([400, { errors: [{ parameterName: "flipNumber" }] }]);
  });

  test("of a device line may flip it, but not move it", async () => {
    const line = { type: "PhoneLine", phoneNumber: SEED.directNumber };
    expect(await update(SEED.phoneLineForwardingId, { ...line, flipNumber: "5" })).toMatchObject({
      status: 200,
      body: { flipNumber: "5", label: "Desk phone", device: { id: "880001" } },
    });
    expect((await update(SEED.phoneLineForwardingId, { phoneNumber: "+13125550101" })).status).toBe(400);
    expect((await update(SEED.appsForwardingId, { type: "Home" })).status).toBe(400);
  });
});

describe("a removal", () => {
  test("deletes one number", async () => {
    expect((await send("DELETE", `${path}/${SEED.homeForwardingId}`)).status).toBe(204);
    expect((await send("GET", `${path}/${SEED.homeForwardingId}`)).status).toBe(404);
  });

  test("in bulk has a body, and deletes all or nothing", async () => {
    const body = (...ids: string[]) => ({
      records: ids.map((forwardingNumberId) => ({ forwardingNumberId })),
    });
    expect((await send("DELETE", path, body(SEED.homeForwardingId, "1"))).status).toBe(404);
    expect(await list()).toHaveLength(4);
    const both = body(SEED.homeForwardingId, SEED.mobileForwardingId);
    expect((await send("DELETE", path, both)).status).toBe(204);
    expect(await list()).toHaveLength(2);
  });
});
