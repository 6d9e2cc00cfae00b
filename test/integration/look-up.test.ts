import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { handler as listCompanyNumbers } from "../../functions/account/list-company-numbers.ts";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as listCallerBlockingNumbers } from "../../functions/extensions/list-caller-blocking-numbers.ts";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import { listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import { listCallerBlockingNumbersRoute } from "../../lib/contract/caller-blocking.ts";
import { listCompanyNumbersRoute } from "../../lib/contract/company-numbers.ts";
import { listForwardingNumbersRoute } from "../../lib/contract/forwarding-numbers.ts";
import type { Route } from "../../lib/contract/route.ts";
import { invoke } from "../support/api-gateway.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { type Service, startService } from "../support/service.ts";
import { SEED } from "../twin/twin.ts";

let service: Service;
beforeAll(async () => {
  service = await startService({ limits: false });
  const { callerBlocking } = service.twin.extension(SEED.extensionId);
  const entry = { id: "7001", legacyId: "7001", status: "Blocked" as const };
  // RingCentral may show national digits [docs: NUM], and shows short codes as they are.
  callerBlocking.push({ ...entry, phoneNumber: "2025550121" });
  callerBlocking.push({ ...entry, id: "7002", legacyId: "7002", phoneNumber: "72345" });
  callerBlocking.push({
    ...entry,
    id: "7003",
    legacyId: "7003",
    phoneNumber: "+12025550121",
    status: "Allowed",
  });
  for (let index = 0; index < 1200; index += 1) {
    const id = String(8000 + index);
    callerBlocking.unshift({ ...entry, id, legacyId: id, phoneNumber: `+1303555${1000 + index}` });
  }
});
afterAll(() => service.stop());
beforeEach(() => service.forget());

type Handler = Parameters<typeof invoke>[0];

async function find(handler: Handler, route: Route, query: string, token = service.tokens.user) {
  const response = await invoke(handler, route, { token, query });
  expectConforms(route, response);
  return response;
}
const blocked = (query: string) => find(listBlockedNumbers, listBlockedNumbersRoute, query);
const listed = (query: string) => find(listCallerBlockingNumbers, listCallerBlockingNumbersRoute, query);
const numbersIn = ({ body }: { body: { data: { phoneNumber: string }[] } }) =>
  body.data.map(({ phoneNumber }) => phoneNumber);

describe("is this number blocked?", () => {
  it.each([
    "phoneNumber=%2B12025550121",
    "phoneNumber=+12025550121",
    "phoneNumber=(202)%20555-0121&country=us",
    `phoneNumber=${encodeURIComponent("\u202d+1 (202)\u00a0555\u20110121\u202c\n")}`,
    "phoneNumber=tel:%2B1-202-555-0121",
  ])("is asked by ?%s", async (query) => {
    const response = await blocked(query);
    expect(numbersIn(response)).toEqual(["2025550121"]);
    expect(response.body.page).toEqual({ limit: 100, hasMore: false, total: 1 });
  });

  it("is asked by a short code too", async () => {
    expect(numbersIn(await blocked("phoneNumber=72345&country=US"))).toEqual(["72345"]);
  });

  it("reads the whole list, 1,000 entries a call, and says no with an empty one", async () => {
    const response = await blocked("phoneNumber=%2B12025559999");
    expect([response.status, response.body.data, response.body.page.total]).toEqual([200, [], 0]);
    expect(numbersIn(await blocked("phoneNumber=%2B13035551000"))).toEqual(["+13035551000"]);
    expect(service.sent().length).toBeLessThanOrEqual(2);
  });

  it("names the lists that have it, a page at a time", async () => {
    const query = "phoneNumber=%2B12025550121";
    const both = await listed(query);
    expect(both.body.data).toMatchObject([{ status: "blocked" }, { status: "allowed" }]);
    expect((await listed(`${query}&status=allowed`)).body.data).toMatchObject([{ status: "allowed" }]);
    const first = await listed(`${query}&limit=1`);
    expect(first.body).toMatchObject({ data: [{ status: "blocked" }], page: { hasMore: true, total: 2 } });
    const second = await listed(`${query}&limit=1&cursor=${first.body.page.nextCursor}`);
    expect(second.body).toMatchObject({ data: [{ status: "allowed" }], page: { hasMore: false } });
  });

  it("is refused for what is no number, in the words of the query", async () => {
    const { status, body } = await blocked("phoneNumber=202-555-0121");
    const errors = [{ in: "query", field: "phoneNumber", code: "country_missing" }];
    expect([status, body]).toMatchObject([400, { errors }]);
  });
});

it("forwarding numbers are looked up too", async () => {
  const query = "phoneNumber=(312)%20555-0188&country=US";
  const response = await find(listForwardingNumbers, listForwardingNumbersRoute, query);
  expect(response.body.data).toMatchObject([{ phoneNumber: "+13125550188", type: "Mobile" }]);
});

describe("company numbers", () => {
  const search = (query: string) =>
    find(listCompanyNumbers, listCompanyNumbersRoute, query, service.tokens.service);

  it.each(["q=(800)%20555", "q=+1+800", "q=8005550100", "q=0100&usageType=MainCompanyNumber"])(
    "are found by digits as people type them: ?%s",
    async (query) => {
      expect(numbersIn(await search(query))).toContain("+18005550100");
    },
  );

  it("are found by the number or the id of their extension", async () => {
    const byNumber = await search("extension=102");
    expect(byNumber.body.data.length).toBeGreaterThan(0);
    expect(byNumber.body.data).toEqual((await search(`extension=${SEED.extensionId}`)).body.data);
  });
});
