import { afterEach, describe, expect, it } from "vitest";
import { handler as listCompanyNumbers } from "../../functions/account/list-company-numbers.ts";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as listCallerBlockingNumbers } from "../../functions/extensions/list-caller-blocking-numbers.ts";
import { listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import { listCallerBlockingNumbersRoute } from "../../lib/contract/caller-blocking.ts";
import { listCompanyNumbersRoute } from "../../lib/contract/company-numbers.ts";
import type { Route } from "../../lib/contract/route.ts";
import { invoke, type TestResponse } from "../support/api-gateway.ts";
import { type Service, startService } from "../support/service.ts";
import type { TwinOptions } from "../twin/twin.ts";

/** Rate limits high enough to page through many pages. */
const noLimits = { Light: 10_000, Medium: 10_000, Heavy: 10_000 };

let service: Service;
afterEach(() => service.stop());

/** Pages through a list by its Link header, as a client does. */
async function pageThrough(
  handler: Parameters<typeof invoke>[0],
  route: Route,
  query: string,
  token: string,
) {
  const pages: TestResponse[] = [];
  let next: string | undefined = query;
  while (next !== undefined && pages.length < 600) {
    const response: TestResponse = await invoke(handler, route, { query: next, token });
    expect(response.status, JSON.stringify(response.body)).toBe(200);
    pages.push(response);
    const link: string | undefined = /^<[^?]*\?([^>]*)>; rel="next"$/.exec(response.headers.link ?? "")?.[1];
    expect(response.body.page.hasMore).toBe(link !== undefined);
    next = link;
    service.freshBudgets();
  }
  return { pages, ids: pages.flatMap((page) => page.body.data.map((item: { id: string }) => item.id)) };
}

const twins: [string, TwinOptions][] = [
  ["as RingCentral documents itself", {}],
  ["when it clamps pages to 30", { maxPerPage: 30 }],
  ["when it clamps pages to 7", { maxPerPage: 7 }],
];

describe.each(twins)("paging through lists, %s", (_, options) => {
  it.each([1000, 100, 33])("yields each of the company's numbers once, limit %i", async (limit) => {
    service = await startService({ ...options, numbers: 137, limits: noLimits });
    const { ids, pages } = await pageThrough(
      listCompanyNumbers,
      listCompanyNumbersRoute,
      `limit=${limit}`,
      service.tokens.service,
    );
    expect(ids).toHaveLength(137);
    expect(new Set(ids).size).toBe(137);
    expect(pages.every((page) => page.body.page.total === 137)).toBe(true);
  });

  it("yields the blocked and then the allowed numbers, each once", async () => {
    service = await startService({ ...options, limits: noLimits });
    const { ids } = await pageThrough(
      listCallerBlockingNumbers,
      listCallerBlockingNumbersRoute,
      "limit=2",
      service.tokens.user,
    );
    expect(ids).toHaveLength(new Set(ids).size);
    expect(ids.length).toBe(service.blockedAndAllowed());
  });
});

describe("a cursor", () => {
  it("serves only the route, the extension and the filters it was issued for", async () => {
    service = await startService({ numbers: 137 });
    const { user, admin } = service.tokens;
    const first = await invoke(listCallerBlockingNumbers, listCallerBlockingNumbersRoute, {
      query: "limit=1",
      token: user,
    });
    const cursor = first.body.page.nextCursor;
    const tries: [Parameters<typeof invoke>[0], Route, string, string, string][] = [
      [listBlockedNumbers, listBlockedNumbersRoute, "", user, "me"],
      [listCallerBlockingNumbers, listCallerBlockingNumbersRoute, "status=blocked&", user, "me"],
      [listCallerBlockingNumbers, listCallerBlockingNumbersRoute, "", admin, "3800333"],
      [listCompanyNumbers, listCompanyNumbersRoute, "", admin, "me"],
    ];
    for (const [handler, route, query, token, extensionId] of tries) {
      const response = await invoke(handler, route, {
        query: `${query}cursor=${cursor}`,
        token,
        path: { extensionId },
      });
      expect(response).toMatchObject({ status: 400, body: { code: "cursor_invalid" } });
    }
    const other = await invoke(listCallerBlockingNumbers, listCallerBlockingNumbersRoute, {
      query: `limit=3&cursor=${cursor}`,
      token: user,
    });
    expect(other.status).toBe(200);
  });
});

describe("when RingCentral no longer routes blocked-number", () => {
  it("serves the same lists through caller-blocking, at the cost of one extra call", async () => {
    service = await startService({ legacyBlockedNumbers: false });
    const { user } = service.tokens;
    const first = await invoke(listBlockedNumbers, listBlockedNumbersRoute, { token: user });
    expect(first.body.data).toContainEqual(
      expect.objectContaining({ phoneNumber: "+12025550143", label: "Robocaller" }),
    );
    await invoke(listBlockedNumbers, listBlockedNumbersRoute, {
      token: user,
      headers: { "cache-control": "no-cache" },
    });
    expect(service.sent().map(({ path }) => path.split("/").at(-1))).toEqual([
      "blocked-number",
      "phone-numbers",
      "phone-numbers",
    ]);
  });
});
