import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as addCallerBlockingNumber } from "../../functions/extensions/add-caller-blocking-number.ts";
import { handler as addForwardingNumber } from "../../functions/extensions/add-forwarding-number.ts";
import { handler as deleteCallerBlockingNumber } from "../../functions/extensions/delete-caller-blocking-number.ts";
import { handler as getOverview } from "../../functions/extensions/get-overview.ts";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as listCallerBlockingNumbers } from "../../functions/extensions/list-caller-blocking-numbers.ts";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import { handler as updateCallerBlocking } from "../../functions/extensions/update-caller-blocking.ts";
import { handler as updateCallerBlockingNumber } from "../../functions/extensions/update-caller-blocking-number.ts";
import { handler as getLimits } from "../../functions/operations/get-limits.ts";
import { addBlockedNumberRoute, listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import {
  addCallerBlockingNumberRoute,
  deleteCallerBlockingNumberRoute,
  listCallerBlockingNumbersRoute,
  updateCallerBlockingNumberRoute,
  updateCallerBlockingRoute,
} from "../../lib/contract/caller-blocking.ts";
import {
  addForwardingNumberRoute,
  listForwardingNumbersRoute,
} from "../../lib/contract/forwarding-numbers.ts";
import { getLimitsRoute } from "../../lib/contract/limits.ts";
import { getOverviewRoute } from "../../lib/contract/overview.ts";
import type { Route } from "../../lib/contract/route.ts";
import { invoke, type TestRequest } from "../support/api-gateway.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { type Service, startService } from "../support/service.ts";
import { listOddities } from "../twin/rest/odd-lists.ts";

// Responses that RingCentral gives in public records, and that its API description does not suggest.

let service: Service;
beforeAll(async () => {
  service = await startService({ limits: { Light: 1000, Medium: 1000 } });
});
afterAll(() => service.stop());
beforeEach(() => service.forget());

/** One call as the user, checked against the contract. */
async function send(handler: Parameters<typeof invoke>[0], route: Route, request: TestRequest = {}) {
  const response = await invoke(handler, route, { token: service.tokens.user, ...request });
  expectConforms(route, response);
  return response;
}

/** The next call of an operation gets this body. */
function respondOnce(operation: string, body: unknown, status = 200): void {
  service.twin.faults.add({ operation, kind: "status", status, body });
}

type Json = Record<string, unknown>;
const page = (records: unknown[], paging: Json = {}) => ({
  records,
  paging: { page: 1, perPage: 100, totalPages: 1, totalElements: records.length, ...paging },
  navigation: {},
});
const list = (request: TestRequest = {}) =>
  send(listBlockedNumbers, listBlockedNumbersRoute, { headers: { "cache-control": "no-cache" }, ...request });

describe("an odd record", () => {
  const good = { id: "7", phoneNumber: "+12025550143", name: "x" };
  it.each<[string, unknown, Json[]]>([
    ["has an empty number", { id: "8", phoneNumber: "" }, []],
    ["has no id", { phoneNumber: "+12025550144" }, []],
    ["has an id that no path can hold", { ...good, id: "8/9" }, []],
    [
      "has a numeric number and name",
      { id: 8, phoneNumber: 13812345678, name: 5 },
      [{ id: "8", phoneNumber: "13812345678", label: "5" }],
    ],
  ])("does not cost the list when it %s", async (_, odd, shown) => {
    respondOnce("listBlockedNumbers", page([good, odd]));
    const { body } = await list();
    const etag = expect.stringMatching(/^"[\w-]+"$/);
    expect(body.data).toEqual(
      [{ id: "7", phoneNumber: "+12025550143", label: "x" }, ...shown].map((item) => ({ ...item, etag })),
    );
    expect(body.page).toMatchObject({ total: 1 + shown.length, hasMore: false });
    respondOnce("listBlockedNumbers", page([odd]));
    expect((await list()).body).toMatchObject({ data: shown, page: { total: shown.length } });
  });

  it.each([0, 1, 2 ** 31, 2 ** 53, -1, "2"])("may be the total %j", async (totalElements) => {
    respondOnce("listBlockedNumbers", page([good, { ...good, id: "8" }], { totalElements }));
    const { status, body } = await list();
    expect([status, body.data.length, body.page.total]).toEqual([200, 2, undefined]);
  });
});

describe("every oddity of the twin's lists", () => {
  const lists = [
    [listBlockedNumbers, listBlockedNumbersRoute],
    [listCallerBlockingNumbers, listCallerBlockingNumbersRoute],
    [listForwardingNumbers, listForwardingNumbersRoute],
  ] as const;
  const hidesOne = ["no-id", "odd-id", "no-number", "empty-number"];

  it.each(listOddities)("leaves lists readable to their ends, without a false total: %s", async (oddity) => {
    service.twin.configure({ oddLists: [oddity] });
    for (const [handler, route] of lists) {
      const read = (query: string) =>
        send(handler, route, { query, headers: { "cache-control": "no-cache" } });
      const first = await read("");
      let { data, page } = first.body;
      for (let pages = 1; page.hasMore && pages < 4; pages += 1) {
        const { body } = await read(`cursor=${page.nextCursor}`);
        page = body.page;
        data = [...data, ...body.data];
      }
      expect(page.hasMore).toBe(false);
      expect(data.length).toBeGreaterThanOrEqual(hidesOne.includes(oddity) ? 1 : 2);
      expect(first.body.page.total ?? data.length).toBeGreaterThanOrEqual(data.length);
      if (route === listCallerBlockingNumbersRoute) {
        const statuses = new Set(data.map(({ status }: { status: string }) => status));
        expect([...statuses].sort()).toEqual(["allowed", "blocked"]);
      }
    }
    service.twin.configure({ oddLists: [] });
  });
});

describe("the end of a list", () => {
  const records = Array.from({ length: 250 }, (_, id) => ({ id, phoneNumber: `+1202555${1000 + id}` }));
  const slice = (number: number) => records.slice((number - 1) * 100, number * 100);
  const next = { nextPage: { uri: "https://platform.ringcentral.com/next" } };

  /** All pages by their cursors; the responses follow the pages requested. */
  async function readAll(pageOf: (number: number) => Json) {
    const ids: string[] = [];
    let query = "limit=100";
    for (let number = 1; number <= 10; number += 1) {
      respondOnce("listBlockedNumbers", pageOf(number));
      const { body } = await list({ query });
      ids.push(...body.data.map(({ id }: { id: string }) => id));
      if (!body.page.hasMore) return ids;
      query = `limit=100&cursor=${body.page.nextCursor}`;
    }
    throw new Error("the list does not end");
  }

  it.each<[string, (number: number) => Json]>([
    ["no paging is said", (number) => ({ records: slice(number) })],
    [
      "page is always 0",
      (number) => ({ records: slice(number), paging: { page: 0, perPage: 100, totalPages: 3 } }),
    ],
    [
      "a next page is always named",
      (number) => ({ records: slice(number), paging: { page: number }, navigation: next }),
    ],
    [
      "a next page is named beyond the last",
      (number) => ({
        records: slice(Math.min(number, 3)),
        paging: { page: number, totalPages: 3 },
        navigation: number < 3 ? next : {},
      }),
    ],
  ])("is found when %s", async (_, pageOf) => {
    expect(await readAll(pageOf)).toEqual(records.map(({ id }) => String(id)));
  });
});

describe("a rejection", () => {
  it("without a code does not blame the caller", async () => {
    respondOnce("listBlockedNumbers", { message: "Bad Request" }, 400);
    expect(await list()).toMatchObject({ status: 502, body: { code: "upstream_error", retryable: false } });
  });

  it.each([402, 406, 412, 413, 415, 422, 431, 451])(
    "with status %i is final, and not a fault of ours",
    async (status) => {
      respondOnce("listBlockedNumbers", { message: "No" }, status);
      expect(await list()).toMatchObject({
        status: 422,
        body: { code: "upstream_rejected", retryable: false },
      });
    },
  );

  it("by the new call handling says that the call has moved", async () => {
    service.twin.faults.add({
      operation: "addForwardingNumber",
      kind: "status",
      status: 403,
      errorCode: "CMN-468",
    });
    const moved = await send(addForwardingNumber, addForwardingNumberRoute, {
      body: { phoneNumber: "+12025550143" },
    });
    expect(moved).toMatchObject({ status: 409, body: { code: "call_handling_moved", retryable: false } });
  });

  it("with a status that HTTP does not define breaks no schema", async () => {
    service.twin.faults.add({ operation: "listBlockedNumbers", kind: "status", status: 999, times: 9 });
    expect((await list()).body).toMatchObject({ code: "upstream_error" });
    const overview = await send(getOverview, getOverviewRoute, { headers: { "cache-control": "no-cache" } });
    expect(overview.body.data.blocked).toMatchObject({ status: "error" });
  });
});

describe("an id that is the number in base64url", () => {
  const id = "MTIwMjU1NTAxNDM";
  const entry = { id, phoneNumber: "+12025550143", label: "x", status: "Blocked" };

  it("is usable wherever it appears, and is not logged", async () => {
    const write = vi.spyOn(process.stdout, "write");
    respondOnce("addCallerBlockingNumber", entry);
    const added = await send(addCallerBlockingNumber, addCallerBlockingNumberRoute, {
      body: { phoneNumber: "+12025550143" },
    });
    expect(added).toMatchObject({ status: 201, body: { data: { id } } });
    expect(added.headers.location).toMatch(new RegExp(`/${id}$`));

    const moved = { ...entry, id: "MTIwMjU1NTAxNDQ", phoneNumber: "+12025550144" };
    respondOnce("getCallerBlockingNumber", entry);
    respondOnce("updateCallerBlockingNumber", moved);
    const changed = await send(updateCallerBlockingNumber, updateCallerBlockingNumberRoute, {
      path: { id },
      body: { phoneNumber: "+12025550144" },
    });
    expect(changed).toMatchObject({ status: 200, body: { data: { id: moved.id } } });

    respondOnce("deleteCallerBlockingNumber", "", 204);
    const deleted = await send(deleteCallerBlockingNumber, deleteCallerBlockingNumberRoute, { path: { id } });
    expect(deleted.status).toBe(204);
    expect(service.sent().at(-1)?.path).toMatch(new RegExp(`/caller-blocking/phone-numbers/${id}$`));
    const logged = write.mock.calls.map(([chunk]) => String(chunk)).join("");
    expect(logged).toContain('"request"');
    expect(logged).not.toContain("MTIwMjU1NTAxND");
    write.mockRestore();
  });

  it("may have changed when the response to a change of the number is lost", async () => {
    const moved = { ...entry, id: "MTIwMjU1NTAxNDQ", phoneNumber: "+12025550144" };
    respondOnce("getCallerBlockingNumber", entry);
    service.twin.faults.add({ operation: "updateCallerBlockingNumber", kind: "reset" });
    respondOnce("listCallerBlockingNumbers", {
      records: [moved],
      paging: { page: 1, perPage: 100, totalPages: 1 },
    });
    const changed = await send(updateCallerBlockingNumber, updateCallerBlockingNumberRoute, {
      path: { id },
      body: { phoneNumber: "+12025550144" },
    });
    expect(changed).toMatchObject({ status: 200, body: { data: { id: moved.id } } });
  });

  it.each(["7\n12", "número", "a/b", "\ud800"])("is encoded in Location when it is %j", async (odd) => {
    respondOnce("addCallerBlockingNumber", { ...entry, id: odd });
    const added = await send(addCallerBlockingNumber, addCallerBlockingNumberRoute, {
      body: { phoneNumber: "+12025550143" },
    });
    expect(added.status).toBe(201);
    expect(added.headers.location).toMatch(
      new RegExp(`/phone-numbers/${encodeURIComponent(odd.toWellFormed())}$`),
    );
  });
});

describe("a blocked-number endpoint that is not routed", () => {
  const spellings = ["AGW-404", "CMN-120", "empty-404", "html-404", "405", "410", "501"] as const;
  const legacyCalls = () => service.sent().filter(({ path }) => path.endsWith("/blocked-number")).length;
  // What a fleet has found out lasts: each spelling has its own.
  afterEach(async () => {
    await service.stop();
    service = await startService();
  });

  it.each(spellings)("is replaced by its successor, once found: %s", async (unroutedAs) => {
    await service.stop();
    service = await startService({ legacyBlockedNumbers: false, unroutedAs });
    const added = await send(addBlockedNumber, addBlockedNumberRoute, {
      body: { phoneNumber: "+12025550188" },
    });
    expect(added.status).toBe(201);
    expect((await list()).body.data.map(({ id }: { id: string }) => id)).toContain(added.body.data.id);
    expect(legacyCalls()).toBe(1);
  });
});

describe("settings with members that are not ours", () => {
  it("are sent back as they came", async () => {
    const greetings = [
      { type: "Unknown", custom: { id: "7", uri: "https://x.example/7" } },
      { preset: null, since: 2 },
    ];
    const theirs = {
      mode: "Specific",
      noCallerId: "Allow",
      payPhones: "Allow",
      greetings,
      later: { added: [1] },
    };
    respondOnce("getCallerBlockingSettings", { uri: "https://x.example", ...theirs });
    const changed = await send(updateCallerBlocking, updateCallerBlockingRoute, {
      body: { payPhones: "block" },
    });
    expect(changed.status).toBe(200);
    const put = service.sent().find(({ method }) => method === "PUT");
    expect(put?.body).toEqual({ ...theirs, payPhones: "Block" });
  });
});

describe("a token response that no header can carry, or that never expires", () => {
  afterEach(async () => {
    await service.stop();
    service = await startService({ limits: { Light: 1000, Medium: 1000 } });
  });

  it.each([
    ["a\r\nb", 3600],
    ["good-token", 1e15],
  ])("%j for %d s is not kept: requests and the limits work", async (access_token, expires_in) => {
    await service.stop();
    service = await startService();
    respondOnce("token", { access_token, expires_in, token_type: "bearer" });
    expect((await list()).status).toBe(200);
    const limits = await send(getLimits, getLimitsRoute, { token: service.tokens.admin });
    expect(limits.status).toBe(200);
    expect(service.twin.requests.filter(({ operation }) => operation === "token")).toHaveLength(2);
  });
});
