import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ListResponse, logIn, type Read, type Send } from "./http-lab.ts";
import { SEED, startTwin, type Twin } from "./twin.ts";

let twin: Twin;
let send: Send;
beforeEach(async () => {
  twin = await startTwin({ limits: false });
  send = await logIn(twin, SEED.jwts.user);
});
afterEach(() => twin.close());

const entries = (query = "", headers: Record<string, string> = {}): Promise<Read<ListResponse>> =>
  send<ListResponse>("GET", `/restapi/v1.0/account/~/directory/entries${query}`, undefined, headers);
const ids = async (query = "") => (await entries(query)).body.records.map(({ id }) => id);

describe("the company directory", () => {
  test("lists users of all kinds as users, with their e-mails, to every user", async () => {
    const { body } = await entries("?showFederated=false");
    const [marta, ana] = body.records;
    expect(marta).toMatchObject({ email: SEED.emails.admin, type: "User", firstName: "Marta" });
    expect(ana).toMatchObject({
      id: SEED.extensionId,
      type: "User",
      status: "Enabled",
      email: SEED.emails.user,
      extensionNumber: "102",
      firstName: "Ana",
      lastName: "Ruiz",
      phoneNumbers: [{ phoneNumber: SEED.directNumber }, { phoneNumber: "+16505550112" }],
    });
    expect(ana).not.toHaveProperty("account");
    expect(body.records.find(({ id }) => id === SEED.faxExtensionId)).toMatchObject({ type: "User" });
    expect(body.records.find(({ id }) => id === SEED.disabledExtensionId)).toMatchObject({
      status: "Disabled",
    });
    expect(body).not.toHaveProperty("uri");
    expect(body).not.toHaveProperty("navigation");
    expect(body.paging).toMatchObject({ page: 1, perPage: 1000, totalPages: 1 });
  });

  test("shows the people of federated accounts unless they are declined", async () => {
    expect(await ids()).toContain(SEED.otherAccountExtensionId);
    const { body } = await entries();
    expect(body.records.at(-1)).toMatchObject({
      account: { id: SEED.otherAccountId, companyName: "Globex" },
    });
    expect(await ids("?showFederated=false")).not.toContain(SEED.otherAccountExtensionId);
    twin.configure({ directoryFederated: "always" });
    expect(await ids("?showFederated=false")).toContain(SEED.otherAccountExtensionId);
  });

  test("leaves out the unassigned, the frozen and the hidden, and filters by type", async () => {
    twin.directory.update(SEED.internationalExtensionId, { status: "Frozen" });
    twin.directory.update(SEED.otherExtensionId, { status: "NotActivated" });
    twin.directory.update(SEED.limitedExtensionId, { hidden: true });
    const listed = await ids();
    expect(listed).not.toContain(SEED.internationalExtensionId);
    expect(listed).toContain(SEED.otherExtensionId);
    expect(listed).not.toContain(SEED.limitedExtensionId);
    expect(await ids("?type=Department")).toEqual([SEED.queueExtensionId]);
    expect(await ids("?typeGroup=NonUser")).toEqual([SEED.queueExtensionId]);
    twin.configure({ directoryHidden: "shown" });
    expect(await ids()).toContain(SEED.limitedExtensionId);
  });

  test("responds 304 to the ETag of the same page until somebody changes", async () => {
    const etag = (await entries("?perPage=all")).headers.get("etag") ?? "";
    const again = await entries("?perPage=all", { "if-none-match": etag });
    expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", etag]);
    expect((await entries("?perPage=5", { "if-none-match": etag })).status).toBe(200);
    twin.directory.update(SEED.extensionId, { email: "ana@acme.example" });
    expect((await entries("?perPage=all", { "if-none-match": etag })).status).toBe(200);
    twin.configure({ directoryEtag: "none" });
    expect((await entries()).headers.get("etag")).toBeNull();
  });

  test("is paged by 1,000, and by 2,000 at most, or not at all", async () => {
    for (let n = 0; n < 2_100; n += 1) twin.directory.add(String(5_000_000 + n), {});
    const paging = async (query: string) => (await entries(`${query}&showFederated=false`)).body.paging;
    const totalElements = twin.directory.list().length;
    expect(await paging("?page=3")).toMatchObject({ perPage: 1000, totalPages: 3, totalElements });
    expect(await paging("?perPage=9999")).toMatchObject({ perPage: 2000, totalPages: 2 });
    expect(await paging("?perPage=max")).toMatchObject({ perPage: 2000 });
    expect(await paging("?perPage=all")).toMatchObject({ perPage: totalElements, totalPages: 1 });
    expect(await paging("?page=4")).toEqual({ perPage: 1000, totalPages: 3, totalElements });
    twin.configure({ directoryPerPageAll: "max" });
    expect(await paging("?perPage=all")).toMatchObject({ perPage: 2000, totalPages: 2 });
  });

  test.each(["page=0", "perPage=many", "showFederated=yes", "type=Person", "typeGroup=All"])(
    "rejects %s in its own error format",
    async (query) => {
      const { status, body } = await send("GET", `/restapi/v1.0/account/~/directory/entries?${query}`);
      expect(status).toBe(400);
      expect(body).toEqual({
        errors: [{ errorCode: "ADG-121", message: expect.any(String), parameterName: query.split("=")[0] }],
      });
    },
  );

  test("is Medium, needs ReadAccounts, and is away in limited mode", async () => {
    const response = await entries();
    expect(twin.requests.at(-1)).toMatchObject({ operation: "listDirectoryEntries", group: "Medium" });
    expect(response.status).toBe(200);
    twin.configure({ limitedMode: true });
    expect((await entries()).status).toBe(503);
    twin.configure({ directoryInLimitedMode: "served" });
    expect((await entries()).status).toBe(200);
    twin.setPermissions({ app: ["EditExtensions"] });
    expect((await entries()).status).toBe(403);
  });
});
