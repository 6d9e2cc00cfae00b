import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { companyNumbersPath, extensionPath, type ListResponse, logIn, type Send } from "./http-lab.ts";
import { SEED, startTwin, type Twin } from "./twin.ts";

let twin: Twin;
let send: Send;
beforeAll(async () => {
  twin = await startTwin({ numbers: 137, limits: false });
  send = await logIn(twin);
});
afterAll(() => twin.close());

const list = async (path: string) => (await send<ListResponse>("GET", path)).body;
const ids = ({ records }: ListResponse) => records.map(({ id }) => id);

describe("a list", () => {
  test("shows every row once when its links are followed, whatever the page size", async () => {
    const everything = ids(await list(`${companyNumbersPath}?perPage=1000`));
    expect(everything).toHaveLength(137);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 9, max: 300 }), async (perPage) => {
        const seen: unknown[] = [];
        let next: string | undefined = `${companyNumbersPath}?perPage=${perPage}`;
        while (next !== undefined) {
          const page = await list(next);
          expect(page.records.length).toBeLessThanOrEqual(perPage);
          seen.push(...ids(page));
          next = page.navigation.nextPage?.uri.slice(twin.url.length);
        }
        expect(seen).toEqual(everything);
      }),
      { numRuns: 12 },
    );
  });

  test("states the position of a page", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 60 }),
        async (page, perPage) => {
          const { records, paging, navigation } = await list(
            `${companyNumbersPath}?page=${page}&perPage=${perPage}`,
          );
          const totalPages = Math.ceil(137 / perPage);
          expect(paging).toMatchObject({ perPage, totalPages, totalElements: 137 });
          expect("nextPage" in navigation).toBe(page < totalPages);
          expect("previousPage" in navigation).toBe(page > 1 && page <= totalPages);
          if (page > totalPages) {
            expect(records).toEqual([]);
            expect(Object.keys(paging)).toEqual(["perPage", "totalPages", "totalElements"]);
          } else {
            const pageStart = (page - 1) * perPage;
            expect(paging).toMatchObject({ page, pageStart, pageEnd: pageStart + records.length - 1 });
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test("clamps a page size above the maximum, both the twin's and RingCentral's", async () => {
    expect((await list(`${companyNumbersPath}?perPage=5000`)).paging.perPage).toBe(1000);
    twin.configure({ maxPerPage: 50 });
    const clamped = await list(`${companyNumbersPath}?perPage=100`);
    twin.configure({ maxPerPage: 1000 });
    expect(clamped.paging).toMatchObject({ perPage: 50, totalPages: 3 });
    expect(clamped.records).toHaveLength(50);
  });

  test("has a canonical URI: real ids, defaults filled in, absolute", async () => {
    const path = `${extensionPath()}/caller-blocking/phone-numbers`;
    const real = `${twin.url}${path.replace("~", SEED.accountId)}`;
    expect((await list(path)).uri).toBe(`${real}?page=1&perPage=100&status=Blocked`);
    expect((await list(`${path}?status=Allowed`)).navigation.lastPage?.uri).toBe(
      `${real}?page=1&perPage=100&status=Allowed`,
    );
  });

  test.each(["abc", "-1", "0", "1.5", "99999999999"])("rejects perPage=%s", async (perPage) => {
    const { status, body } = await send("GET", `${extensionPath()}/blocked-number?perPage=${perPage}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      errors: [{ errorCode: "CMN-101", parameterName: "perPage", parameterValue: perPage }],
    });
  });

  test("without rows, or with an empty page requested, is empty and states the total", async () => {
    const empty = await list(`${extensionPath(SEED.internationalExtensionId)}/forwarding-number`);
    expect(empty).toMatchObject({ records: [], paging: { page: 1, perPage: 100, totalElements: 0 } });
    expect(empty.paging).not.toHaveProperty("pageStart");
    twin.configure({ perPageZero: "empty" });
    const none = await list(`${companyNumbersPath}?perPage=0`);
    twin.configure({ perPageZero: "CMN-101" });
    expect(none).toMatchObject({ records: [], paging: { perPage: 0, totalElements: 137 } });
  });
});

describe("company numbers", () => {
  test("are filtered by repeated parameters", async () => {
    const usage = (page: ListResponse) => new Set(page.records.map((record) => record.usageType));
    const query = "usageType=MainCompanyNumber&usageType=DirectNumber&perPage=1000";
    expect(usage(await list(`${companyNumbersPath}?${query}`))).toEqual(
      new Set(["MainCompanyNumber", "DirectNumber"]),
    );
    const disabled = await list(`${companyNumbersPath}?extensionStatus=Disabled`);
    expect(disabled.records).toMatchObject([{ extension: { id: Number(SEED.disabledExtensionId) } }]);
  });

  test("of a pool or in storage are never listed", async () => {
    expect(twin.numbers.list()).toHaveLength(139);
    const pool = await list(`${companyNumbersPath}?usageType=NumberPool&usageType=NumberStorage`);
    expect(pool.records).toEqual([]);
  });

  test("are shown to users without the admin role only if they are direct numbers", async () => {
    const asUser = await logIn(twin, SEED.jwts.user);
    const { body } = await asUser<ListResponse>("GET", `${companyNumbersPath}?perPage=1000`);
    expect(body.records.length).toBeGreaterThan(5);
    expect(body.records.every(({ usageType }) => usageType === "DirectNumber")).toBe(true);
  });

  test("have numbers as ids, their own and their extension's", async () => {
    const { records } = await list(`${companyNumbersPath}?perPage=2`);
    expect(records).toMatchObject([
      { id: 900001, phoneNumber: SEED.mainNumber, primary: true },
      { id: 900002, extension: { id: Number(SEED.extensionId), name: "Ana Ruiz", extensionNumber: "102" } },
    ]);
  });

  test("can be changed without a reader's knowledge", async () => {
    const added = twin.numbers.add({ phoneNumber: "+16505550150" });
    twin.numbers.update(added.id, { label: "Lobby" });
    const last = await list(`${companyNumbersPath}?page=138&perPage=1`);
    expect(last.records).toMatchObject([{ id: added.id, label: "Lobby", usageType: "CompanyNumber" }]);
    twin.numbers.remove(added.id);
    expect((await list(companyNumbersPath)).paging.totalElements).toBe(137);
  });

  test("of one extension come with its features, and with the main number", async () => {
    const own = await list(`${extensionPath()}/phone-number`);
    expect(own.records.map(({ phoneNumber }) => phoneNumber)).toEqual([
      SEED.mainNumber,
      SEED.directNumber,
      "+16505550112",
    ]);
    expect(own.records[1]).toMatchObject({ features: ["CallerId", "SmsSender", "MmsSender"] });
  });

  test("of the account's extensions comes in pages, by status and type", async () => {
    const path = "/restapi/v1.0/account/~/extension?status=Enabled&type=User";
    const first = await list(`${path}&perPage=5`);
    expect(first.paging).toMatchObject({ page: 1, perPage: 5, totalPages: 3, totalElements: 14 });
    expect(first.records[1]).toMatchObject({ id: Number(SEED.extensionId), name: "Ana Ruiz", type: "User" });
    const rest = await list(first.navigation.nextPage?.uri.slice(twin.url.length) ?? "");
    expect(rest.records).toHaveLength(5);
    expect(twin.requests.at(-1)?.group).toBe("Medium");
  });
});
