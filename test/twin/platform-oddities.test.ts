import { afterAll, beforeEach, describe, expect, test } from "vitest";
import {
  companyNumbersPath,
  extensionPath,
  type ListResponse,
  logIn,
  requestJwtToken,
  type Send,
} from "./http-lab.ts";
import { listOddities } from "./rest/odd-lists.ts";
import { SEED, startTwin } from "./twin.ts";

const twin = await startTwin({ numbers: 20, limits: false });
afterAll(() => twin.close());
let send: Send;
beforeEach(async () => {
  twin.reset();
  send = await logIn(twin);
});

const blocking = `${extensionPath()}/caller-blocking/phone-numbers`;
const forwarding = `${extensionPath()}/forwarding-number`;
const legacy = `${extensionPath()}/blocked-number`;
const flips = `/restapi/v2/accounts/~/extensions/${SEED.extensionId}/call-flip-numbers`;
const add = () => send("POST", blocking, { phoneNumber: "+12025550188" });

describe("limited mode", () => {
  test("rejects writes and v2 with 503 CMN-211, and still serves the reads of v1", async () => {
    twin.callHandling.move({});
    twin.configure({ limitedMode: true });
    const { status, body, headers } = await add();
    expect([status, headers.get("retry-after")]).toEqual([503, "12"]);
    expect(body).toMatchObject({ errorCode: "MaintenanceMode", errors: [{ errorCode: "CMN-211" }] });
    expect((await send("GET", flips)).status).toBe(503);
    for (const path of [blocking, forwarding, companyNumbersPath, "/restapi/v1.0/subscription"]) {
      expect((await send("GET", path)).status, path).toBe(200);
    }
    twin.configure({ limitedModeRetryAfter: 0 });
    expect((await add()).headers.has("retry-after")).toBe(false);
  });

  test("may begin between two calls", async () => {
    twin.configure({ limitedMode: true }, { operation: "addCallerBlockingNumber" });
    expect((await send("DELETE", `${blocking}/${SEED.blockedNumberId}`)).status).toBe(204);
    expect((await add()).status).toBe(503);
  });
});

test.each(["409", "423", "400"] as const)(
  "a locked account rejects edits with %s, and still serves reads",
  async (accountLock) => {
    twin.configure({ accountLock });
    const { status, text } = await add();
    expect(status).toBe(Number(accountLock));
    expect(text).toMatch(/in progress|locked/);
    expect((await send("GET", blocking)).status).toBe(200);
    twin.configure({ accountLock: "off" });
    expect((await add()).status).toBe(200);
  },
);

test("ids of entries encode the number and change with it, unless they are set to be decimal", async () => {
  const { body } = await send<ListResponse>("GET", blocking);
  expect(body.records[0]).toMatchObject({ id: "MTIwMjU1NTAxNDM", phoneNumber: "+12025550143" });
  const one = `${blocking}/MTIwMjU1NTAxNDM`;
  expect((await send("GET", one)).status).toBe(200);
  const changed = await send<{ id: string }>("PUT", one, {
    id: "MTIwMjU1NTAxNDM",
    phoneNumber: "+12025550144",
  });
  expect(changed.body.id).toBe("MTIwMjU1NTAxNDQ");
  expect((await send("GET", one)).status).toBe(404);
  expect((await send("DELETE", `${blocking}/${changed.body.id}`)).status).toBe(204);
  twin.configure({ entryIds: "decimal" });
  expect((await send<ListResponse>("GET", blocking)).body.records[0]?.id).toMatch(/^\d+$/);
});

test.each([
  ["AGW-404", 404, /"AGW-404"/],
  ["CMN-120", 404, /"CMN-120"/],
  ["empty-404", 404, /^$/],
  ["html-404", 404, /<html>/],
  ["405", 405, /Not Allowed/],
  ["410", 410, /no longer/],
  ["501", 501, /not supported/],
] as const)("a path that is not routed is rejected with %s", async (unroutedAs, status, text) => {
  twin.configure({ legacyBlockedNumbers: false, unroutedAs });
  const response = await send("GET", legacy);
  expect([response.status, response.text]).toEqual([status, expect.stringMatching(text)]);
  expect((await send("GET", blocking)).status).toBe(200);
});

test.each([
  ["as-asked", "json", true],
  ["multipart", "multipart/mixed", undefined],
  ["no-bodies", "json", false],
] as const)("a bulk call responds %s", async (bulkResponse, type, hasBody) => {
  twin.configure({ bulkResponse });
  const accept = { accept: "application/vnd.ringcentral.multipart+json" };
  const { headers, body } = await send<object[]>(
    "GET",
    `${companyNumbersPath}/900001,900002`,
    undefined,
    accept,
  );
  expect(headers.get("content-type")).toContain(type);
  if (hasBody !== undefined) expect("body" in (body[0] ?? {})).toBe(hasBody);
});

describe("odd lists", () => {
  const list = async (oddity: string, path = blocking) => {
    twin.configure({ oddLists: [oddity] });
    return (await send<ListResponse>("GET", path)).body;
  };
  const isBroken: Record<string, (odd: ListResponse, plain: ListResponse) => boolean> = {
    "endless-next": ({ navigation }) => navigation.nextPage?.uri.includes("page=2") === true,
    "endless-pages": ({ paging }) => paging.totalPages === 2,
    "no-paging": (odd) => !("paging" in odd) && !("navigation" in odd),
    "no-navigation": (odd) => "paging" in odd && !("navigation" in odd),
    "no-total": ({ paging }) => !("totalElements" in paging) && !("totalPages" in paging),
    "page-zero": ({ paging }) => paging.page === 0,
    "total-plus-one": ({ paging, records }) => paging.totalElements === records.length + 1,
    "total-zero": ({ paging, records }) => paging.totalElements === 0 && records.length > 0,
    "total-huge": ({ paging }) => Number(paging.totalElements) > 2 ** 31,
    "duplicate-row": ({ records }, plain) => records.at(-1)?.id === plain.records[0]?.id,
    "no-id": ({ records }) => !("id" in (records[0] ?? {})),
    "odd-id": ({ records }) => String(records[0]?.id).includes("\n"),
    "no-number": ({ records }) => !("phoneNumber" in (records[0] ?? {})),
    "empty-number": ({ records }) => records[0]?.phoneNumber === "",
    "numeric-number": ({ records }) => typeof records[0]?.phoneNumber === "number",
    "numeric-label": ({ records }) => records[0]?.label === 42,
    "no-plus": ({ records }) => records.every(({ phoneNumber }) => /^\d+$/.test(String(phoneNumber))),
    "national-numbers": ({ records }) =>
      records.every(({ phoneNumber }) => String(phoneNumber).startsWith("(")),
  };

  test.each(listOddities)("%s", async (oddity) => {
    const plain = (await send<ListResponse>("GET", blocking)).body;
    const check = isBroken[oddity];
    expect(check?.(plain, plain)).toBe(false);
    expect(check?.(await list(oddity), plain)).toBe(true);
  });

  test("name a next page even past the end", async () => {
    const odd = await list("endless-next", `${companyNumbersPath}?page=900`);
    expect(odd.records).toEqual([]);
    expect(odd.navigation.nextPage?.uri).toContain("page=901");
  });

  test("can be limited to one operation", async () => {
    const odd = await list("listForwardingNumbers:no-id");
    expect(odd.records.every((row) => "id" in row)).toBe(true);
    expect((await list("listForwardingNumbers:no-id", forwarding)).records[0]).not.toHaveProperty("id");
  });

  test("with unknown names are rejected", () => {
    expect(() => twin.configure({ oddLists: ["upside-down"] })).toThrow("oddLists");
  });
});

describe("faults for what no setting shows", () => {
  test("an error without its list, a status that is in no registry, a pause of 31,000 years", async () => {
    const responds = async (fault: object) => {
      twin.faults.add({ kind: "status", status: 400, ...fault });
      return send("GET", blocking);
    };
    expect((await responds({ body: { errorCode: "CMN-101", message: "Bad" } })).body).not.toHaveProperty(
      "errors",
    );
    expect((await responds({ status: 999 })).status).toBe(999);
    const { headers } = await responds({ status: 429, headers: { "Retry-After": "999999999999" } });
    expect(headers.get("retry-after")).toBe("999999999999");
  });

  test("a token that no header can carry, and a bulk call that fails as a whole", async () => {
    const body = { access_token: "a\r\nb", expires_in: 1e15, token_type: "bearer" };
    twin.faults.add({ operation: "token", kind: "status", status: 200, body });
    expect((await requestJwtToken(twin)).body.access_token).toBe("a\r\nb");
    twin.faults.add({ path: "*,*", kind: "html-body" });
    expect((await send("GET", `${companyNumbersPath}/900001,900002`)).status).toBe(502);
    expect((await send("GET", `${companyNumbersPath}/900001`)).status).toBe(200);
  });
});
