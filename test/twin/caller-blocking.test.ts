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

const legacy = `${extensionPath()}/blocked-number`;
const path = `${extensionPath()}/caller-blocking/phone-numbers`;
const numbers = async (of: string) =>
  (await send<ListResponse>("GET", of)).body.records.map(({ phoneNumber }) => phoneNumber);

describe("the legacy endpoint", () => {
  test("shows the blocked numbers, under its own names and ids", async () => {
    const { body } = await send<ListResponse>("GET", legacy);
    expect(body.records).toHaveLength(3);
    expect(body.records[0]).toEqual({
      id: "4400111000",
      uri: `${twin.url}${legacy.replace("~", SEED.accountId)}/4400111000`,
      name: "Robocaller",
      phoneNumber: "+12025550143",
    });
  });

  test("adds numbers that the current endpoint shows too", async () => {
    const added = await send("POST", legacy, { phoneNumber: "(202) 555-0188", name: "Scam" });
    expect(added).toMatchObject({ status: 200, body: { phoneNumber: "+12025550188", name: "Scam" } });
    expect((await send<ListResponse>("GET", path)).body.records).toContainEqual(
      expect.objectContaining({ phoneNumber: "+12025550188", label: "Scam", status: "Blocked" }),
    );
  });

  test("renames when the body repeats the id, and deletes", async () => {
    const renamed = await send("PUT", `${legacy}/4400111000`, { id: "4400111000", name: "Bot" });
    expect(renamed).toMatchObject({ status: 200, body: { name: "Bot" } });
    expect((await send("DELETE", `${legacy}/4400111000`)).status).toBe(204);
    expect((await send("GET", `${legacy}/4400111000`)).status).toBe(404);
  });

  test("responds like an unknown path once it is switched off", async () => {
    twin.configure({ legacyBlockedNumbers: false });
    const { status, body, headers } = await send("GET", legacy);
    expect([status, body]).toEqual([404, { errorCode: "AGW-404", message: "Not Found", errors: [] }]);
    expect(headers.has("x-rate-limit-limit")).toBe(false);
    expect((await send("GET", path)).status).toBe(200);
  });
});

describe("the current endpoint", () => {
  test("lists blocked or allowed numbers; an option sets the meaning of an omitted status", async () => {
    expect(await numbers(path)).toHaveLength(3);
    expect(await numbers(`${path}?status=Allowed`)).toEqual(["+12025550151", "+12025550155"]);
    twin.configure({ omittedStatusMeans: "both" });
    expect(await numbers(path)).toHaveLength(5);
  });

  test("adds, reads, changes and deletes one number", async () => {
    const added = await send<{ id: string }>("POST", path, {
      phoneNumber: "+12025550188",
      status: "Allowed",
    });
    expect(added).toMatchObject({ status: 200, body: { status: "Allowed" } });
    const one = `${path}/${added.body.id}`;
    expect((await send("GET", one)).body).toEqual(added.body);
    const changed = await send("PUT", one, { phoneNumber: "+12025550188", label: "Scam" });
    expect(changed).toMatchObject({ status: 200, body: { label: "Scam", status: "Blocked" } });
    expect((await send("PUT", one)).body).toEqual(changed.body);
    twin.configure({ putCallerBlocking: "merge" });
    expect((await send("PUT", one, { status: "Allowed" })).body).toMatchObject({ label: "Scam" });
    expect((await send("DELETE", one)).status).toBe(204);
    expect((await send("GET", one)).status).toBe(404);
  });

  test.each([
    ["CMN-406", 400],
    ["CMN-101", 400],
    ["idempotent", 200],
  ] as const)("handles a duplicate as configured: %s", async (duplicateBlockedNumber, status) => {
    twin.configure({ duplicateBlockedNumber });
    const again = await send("POST", path, { phoneNumber: "+12025550143", label: "Again" });
    expect(again.status).toBe(status);
    if (status === 400) expect(again.body).toMatchObject({ errors: [{ errorCode: duplicateBlockedNumber }] });
    expect(await numbers(path)).toHaveLength(3);
  });

  test("keeps settings", async () => {
    const settings = `${extensionPath()}/caller-blocking`;
    const put = await send("PUT", settings, { mode: "All", payPhones: "Block" });
    expect(put.headers.get("x-rate-limit-group")).toBeNull();
    expect((await send("GET", settings)).body).toEqual({
      mode: "All",
      noCallerId: "Allow",
      payPhones: "Block",
      greetings: [],
    });
    expect((await send("PUT", settings, { mode: "None" })).status).toBe(400);
  });
});

describe("parts that a proxy must never pass on", () => {
  test("a comma list reaches several numbers, each with a response", async () => {
    const accept = "application/vnd.ringcentral.multipart+json";
    const bulk = await send("GET", `${path}/${SEED.blockedNumberId},9999`, undefined, { accept });
    expect(bulk).toMatchObject({
      status: 207,
      body: [{ resourceId: SEED.blockedNumberId, status: 200 }, { status: 404 }],
    });
    const multipart = await send("GET", `${path}/${SEED.blockedNumberId}%2C${SEED.allowedNumberId}`);
    expect(multipart.headers.get("content-type")).toContain("multipart/mixed");
    expect(multipart.text.split("--twin_part")).toHaveLength(5);
  });

  test("a star deletes everything", async () => {
    expect((await send("DELETE", `${path}/*`)).status).toBe(204);
    expect(twin.extension(SEED.extensionId).callerBlocking).toEqual([]);
  });

  test.each([
    ["a header", `${path}/${SEED.blockedNumberId}`, { "x-http-method-override": "DELETE" }],
    ["the query", `${path}/${SEED.blockedNumberId}?_method=delete`, {}],
  ])("%s turns a POST into a DELETE", async (_where, target, headers) => {
    expect((await send("POST", target, {}, headers)).status).toBe(204);
    expect(await numbers(path)).not.toContain("+12025550143");
    expect(twin.requests.at(-2)).toMatchObject({ method: "POST", operation: "deleteCallerBlockingNumber" });
  });

  test("phone numbers of the account can be read in bulk", async () => {
    const { status } = await send("GET", "/restapi/v1.0/account/~/phone-number/900001,900002");
    expect(status).toBe(207);
    const one = await send("GET", "/restapi/v1.0/account/~/phone-number/900001");
    expect(one.body).toMatchObject({ id: 900001, phoneNumber: SEED.mainNumber });
  });
});
