import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { handler as listCompanyNumbers } from "../../functions/account/list-company-numbers.ts";
import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as addForwardingNumber } from "../../functions/extensions/add-forwarding-number.ts";
import { handler as changeCallerBlockingNumbers } from "../../functions/extensions/change-caller-blocking-numbers.ts";
import { handler as deleteCallerBlockingNumber } from "../../functions/extensions/delete-caller-blocking-number.ts";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as updateForwardingNumber } from "../../functions/extensions/update-forwarding-number.ts";
import { handler as health } from "../../functions/operations/get-health.ts";
import { addBlockedNumberRoute, listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import { deleteCallerBlockingNumberRoute } from "../../lib/contract/caller-blocking.ts";
import { changeCallerBlockingNumbersRoute } from "../../lib/contract/caller-blocking-batch.ts";
import { listCompanyNumbersRoute } from "../../lib/contract/company-numbers.ts";
import {
  addForwardingNumberRoute,
  updateForwardingNumberRoute,
} from "../../lib/contract/forwarding-numbers.ts";
import { getHealthRoute } from "../../lib/contract/operations.ts";
import type { Route } from "../../lib/contract/route.ts";
import { invoke, type TestRequest } from "../support/api-gateway.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { type Service, startService } from "../support/service.ts";

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());
beforeEach(() => service.forget());

type Handler = Parameters<typeof invoke>[0];

/** Expects a rejection with the documented problem, with every fault named and nothing sent to RingCentral. */
async function expectRejected(
  handler: Handler,
  route: Route,
  request: TestRequest,
  expected: [number, string],
) {
  const response = await invoke(handler, route, { token: service.tokens.admin, ...request });
  expectConforms(route, response);
  expect([response.status, response.body.code]).toEqual(expected);
  expect(service.sent()).toEqual([]);
  return response;
}

const badIds = [
  "..",
  "%2e%2e",
  "%2F",
  "1,2",
  "*",
  "~",
  "",
  " ",
  "1 2",
  "-1",
  "1.0",
  "123456789012345678901234567890",
  "١٢٣",
  "me2",
  "ME",
  "3800222/../3800333",
  "3800222?access_token=x",
  "3800222%0d%0aX-Evil: 1",
  "__proto__",
];

describe("ids in the path", () => {
  it.each(badIds)("extension id %j is rejected", async (extensionId) => {
    const { body } = await expectRejected(
      listBlockedNumbers,
      listBlockedNumbersRoute,
      { path: { extensionId } },
      [400, "request_invalid"],
    );
    expect(body.errors[0]).toMatchObject({ in: "path", field: "extensionId" });
  });

  // Other ids are opaque: letters, - and _ are valid in them.
  const badEntryIds = badIds.filter((id) => !/^[\w-]{1,64}$/.test(id)).concat("x".repeat(65));
  it.each(badEntryIds)("resource id %j is rejected", async (id) => {
    await expectRejected(
      deleteCallerBlockingNumber,
      deleteCallerBlockingNumberRoute,
      { path: { extensionId: "me", id } },
      [400, "request_invalid"],
    );
    await expectRejected(
      updateForwardingNumber,
      updateForwardingNumberRoute,
      { path: { extensionId: "me", forwardingNumberId: id }, body: { label: "x" } },
      [400, "request_invalid"],
    );
  });
});

describe("the query", () => {
  it.each([
    ["perPage=5", "perPage", "unknown"],
    ["access_token=abc", "access_token", "unknown"],
    ["_method=DELETE", "_method", "unknown"],
    ["limit=1&limit=2", "limit", "duplicate"],
    ["limit=0", "limit", "out_of_range"],
    ["limit=1001", "limit", "out_of_range"],
    ["limit=-1", "limit", "format"],
    ["limit=1e2", "limit", "format"],
    ["limit=", "limit", "format"],
    ["limit", "limit", "format"],
    ["limit=%E0%A4%A", "limit???E0?A4?A", "format"],
    ["cursor=", "cursor", "format"],
    ["cursor=a%20b", "cursor", "format"],
    ["__proto__=1", "__proto__", "unknown"],
    ["toString=1", "toString", "unknown"],
    ["constructor=1", "constructor", "unknown"],
    ["%0d%0aX-Evil:1=2", "??X-Evil?1", "unknown"],
    ["LIMIT=5", "LIMIT", "unknown"],
    ["limit[]=5", "limit??", "unknown"],
  ])("?%s is rejected", async (query, field, code) => {
    const { body } = await expectRejected(listBlockedNumbers, listBlockedNumbersRoute, { query }, [
      400,
      "request_invalid",
    ]);
    expect(body.errors.map((error: { in: string }) => error.in)).toContain("query");
    if (!field.includes("E0")) expect(body.errors[0]).toMatchObject({ field, code });
  });

  it("names a parameter without the position of a value in it", async () => {
    const { body } = await expectRejected(
      listCompanyNumbers,
      listCompanyNumbersRoute,
      { query: "usageType=MainCompanyNumber,Nonsense" },
      [400, "request_invalid"],
    );
    expect(body.errors).toMatchObject([{ in: "query", field: "usageType", code: "not_one_of" }]);
  });

  it.each([
    "usageType=Nonsense",
    "usageType=",
    "status=Normal,",
    "type=voicefax",
    "usageType=A&usageType=B",
    "q=",
  ])("company numbers ?%s is rejected", async (query) => {
    await expectRejected(listCompanyNumbers, listCompanyNumbersRoute, { query }, [400, "request_invalid"]);
  });

  it.each(["AAAA.BBBB", "x", "eyJvZmZzZXQiOjB9.AAAA", "a.b.c", "-"])(
    "cursor %s is rejected",
    async (cursor) => {
      await expectRejected(listBlockedNumbers, listBlockedNumbersRoute, { query: `cursor=${cursor}` }, [
        400,
        "cursor_invalid",
      ]);
    },
  );
});

describe("the body", () => {
  const add = (request: TestRequest, expected: [number, string] = [400, "request_invalid"]) =>
    expectRejected(addBlockedNumber, addBlockedNumberRoute, request, expected);

  it.each([
    [{}, "phoneNumber", "required"],
    [{ phoneNumber: 12025550143 }, "phoneNumber", "type"],
    [{ phoneNumber: null }, "phoneNumber", "required"],
    [{ phoneNumber: "call me" }, "phoneNumber", "letters"],
    [{ phoneNumber: "+1".padEnd(60, "2") }, "phoneNumber", "too_long"],
    [{ phoneNumber: "2025550143" }, "phoneNumber", "country_missing"],
    [{ phoneNumber: "+12025550143", country: "USA" }, "country", "format"],
    [{ phoneNumber: "+12025550143", label: "x".repeat(61) }, "label", "too_long"],
    [{ phoneNumber: "+12025550143", label: "a\r\nX-Evil: 1" }, "label", "format"],
    [{ phoneNumber: "+12025550143", status: "Allowed" }, "status", "unknown"],
    [{ phoneNumber: "+12025550143", uri: "https://x.example" }, "uri", "unknown"],
    [{ phoneNumber: { $ne: "" } }, "phoneNumber", "type"],
  ])("%j is rejected", async (body, field, code) => {
    const response = await add({ body });
    expect(response.body.errors).toContainEqual(expect.objectContaining({ in: "body", field, code }));
  });

  it.each([
    ["", "format"],
    ["{", "format"],
    ["{}{}", "format"],
    ["[]", "type"],
    ['"text"', "type"],
    ["null", "type"],
    ["12", "type"],
  ])("the text %j is rejected as a whole", async (body, code) => {
    const response = await add({ body });
    expect(response.body.errors).toMatchObject([{ in: "body", field: "body", code }]);
  });

  it.each([
    '{"__proto__":{"phoneNumber":"+12025550143"}}',
    '{"phoneNumber":"+12025550143","__proto__":{}}',
    '{"phoneNumber":"+12025550143","label":{"__proto__":1}}',
  ])("%s is rejected: `__proto__` is not a known field", async (body) => {
    const response = await add({ body });
    expect(response.body.errors[0]).toMatchObject({ in: "body", field: "__proto__", code: "unknown" });
  });

  it("is accepted up to 16 KiB and rejected above, plain or base64", async () => {
    await add({ body: { phoneNumber: "+12025550143", label: "x".repeat(20 * 1024) } }, [
      413,
      "body_too_large",
    ]);
    await add({ body: " ".repeat(17 * 1024), base64: true }, [413, "body_too_large"]);
    const text = JSON.stringify({ phoneNumber: "+12025550197" });
    const full = await invoke(addBlockedNumber, addBlockedNumberRoute, {
      token: service.tokens.user,
      body: text.padEnd(16 * 1024),
      base64: true,
    });
    expect(full.status).toBe(201);
  });

  it.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/jsonp",
    "multipart/form-data",
    "application/json; charset=latin1",
  ])("of type %s is rejected", async (type) => {
    await add({ body: { phoneNumber: "+12025550143" }, headers: { "content-type": type } }, [
      415,
      "media_type_unsupported",
    ]);
  });

  it("is rejected when it is not UTF-8", async () => {
    const response = await invoke(addBlockedNumber, addBlockedNumberRoute, {
      token: service.tokens.user,
      body: Buffer.from([0x7b, 0xff, 0x7d]).toString("latin1"),
    });
    expect(response.status).toBe(400);
  });

  it("is rejected with every fault named at once, and no value repeated", async () => {
    const response = await expectRejected(
      addForwardingNumber,
      addForwardingNumberRoute,
      { body: { phoneNumber: "secret-number", type: "Teleport", flipNumber: 0, extra: 1 }, query: "x=1" },
      [400, "request_invalid"],
    );
    const fields = response.body.errors.map((error: { field: string }) => error.field).sort();
    expect(fields).toEqual(["extra", "flipNumber", "phoneNumber", "type", "x"]);
    expect(JSON.stringify(response.body)).not.toContain("secret-number");
  });
});

describe("a value in the wrong form is rejected with the right one", () => {
  const number = "+12025550143";
  it.each<[string, TestRequest, RegExp]>([
    ["extensionId", { path: { extensionId: "ME" } }, /`me` or an extension's id: 1 to 20 digits/],
    ["phoneNumber", { body: { phoneNumber: "<12>" } }, /E\.164, or in national form together with `country`/],
    ["country", { body: { phoneNumber: number, country: "1" } }, /two letters, such as US/],
    ["label", { body: { phoneNumber: number, label: "a\u0007" } }, /control characters/],
    ["deviceId", { body: { deviceId: "a.b", type: "PhoneLine" } }, /letters, digits, hyphens or underscores/],
  ])("%s in a write", async (field, request, detail) => {
    const { body } = await expectRejected(
      addForwardingNumber,
      addForwardingNumberRoute,
      { body: { phoneNumber: number }, ...request },
      [400, "request_invalid"],
    );
    const match = expect.stringMatching(detail);
    expect(body.errors).toContainEqual(expect.objectContaining({ field, code: "format", detail: match }));
  });

  it.each([
    ["limit", "limit=ten", "Must be a whole number from 1 to 1000."],
    ["cursor", "cursor=a%20b", "Must be the `nextCursor` of a page."],
  ])("%s in a query", async (field, query, detail) => {
    const { body } = await expectRejected(listBlockedNumbers, listBlockedNumbersRoute, { query }, [
      400,
      "request_invalid",
    ]);
    expect(body.errors).toMatchObject([{ in: "query", field, code: "format", detail }]);
  });
});

it.each(["utf8", "UTF-8", '"utf-8"'])("a body in charset %s is read", async (charset) => {
  const { body } = await invoke(addBlockedNumber, addBlockedNumberRoute, {
    token: service.tokens.user,
    body: {},
    headers: { "content-type": `application/json; charset=${charset}` },
  });
  expect(body.errors).toMatchObject([{ field: "phoneNumber", code: "required" }]);
});

describe("a number to block", () => {
  const block = (body: object) =>
    invoke(addBlockedNumber, addBlockedNumberRoute, { token: service.tokens.user, body });

  it.each([
    [{ phoneNumber: "\u202d+1 (202)\u00a0555\u20110131\u202c\n" }, "+12025550131"],
    [{ phoneNumber: "tel:555-0132;phone-context=+1-202" }, "+12025550132"],
    [{ phoneNumber: "0445512345678", country: "MX" }, "+525512345678"],
    [{ phoneNumber: "72345", country: "US" }, "72345"],
  ])("may be written as %j", async (body, phoneNumber) => {
    const response = await block(body);
    expectConforms(addBlockedNumberRoute, response);
    expect(response).toMatchObject({ status: 201, body: { data: { phoneNumber } } });
  });

  it("has no extension", async () => {
    const { status, body } = await block({ phoneNumber: "tel:+12025550133;ext=12" });
    const errors = [{ in: "body", field: "phoneNumber", code: "extension" }];
    expect([status, body]).toMatchObject([400, { errors }]);
    expect(JSON.stringify(body)).not.toContain("2025550133");
  });
});

describe("what is not known is told with what is", () => {
  it.each([
    ["phonenumber=1", "Not a known field. Known here: phoneNumber, country, limit, cursor."],
    ["limit=ten", "Must be a whole number from 1 to 1000."],
  ])("in the query ?%s", async (query, detail) => {
    const { body } = await expectRejected(listBlockedNumbers, listBlockedNumbersRoute, { query }, [
      400,
      "request_invalid",
    ]);
    expect(body.errors).toMatchObject([{ in: "query", detail }]);
  });

  it("in the body, but not in an item of a batch, whose null is as absent as any in a POST", async () => {
    const item = { action: "add", phoneNumber: "+12025550143", label: null, color: "red" };
    const { body } = await expectRejected(
      changeCallerBlockingNumbers,
      changeCallerBlockingNumbersRoute,
      { body: { items: [item], dry: true } },
      [400, "request_invalid"],
    );
    expect(body.errors).toEqual([
      { in: "body", field: "items.0.color", code: "unknown", detail: "Not a known field." },
      { in: "body", field: "dry", code: "unknown", detail: "Not a known field. Known here: items." },
    ]);
  });

  it("where there is nothing to choose from", async () => {
    const { body } = await invoke(health, getHealthRoute, { query: "verbose=1" });
    expect(body.errors).toMatchObject([{ detail: "Not a known field. There are none here." }]);
  });

  it.each([
    ["user", 403, "extension_forbidden"],
    ["admin", 404, "not_found"],
  ] as const)("for an extension's number in the place of its id, to %s", async (name, status, code) => {
    const path = { extensionId: "102" };
    const request = { path, token: service.tokens[name] };
    const response = await invoke(listBlockedNumbers, listBlockedNumbersRoute, request);
    expect(response).toMatchObject({ status, body: { code } });
    expect(response.body.detail).toContain("`me`, not the number that people dial");
  });
});

describe("headers", () => {
  it("cannot override the method", async () => {
    const response = await expectRejected(
      listBlockedNumbers,
      listBlockedNumbersRoute,
      { headers: { "x-http-method-override": "DELETE" } },
      [400, "request_invalid"],
    );
    expect(response.body.errors[0]).toMatchObject({ in: "header", field: "X-HTTP-Method-Override" });
  });

  it("do not reach RingCentral", async () => {
    await invoke(listBlockedNumbers, listBlockedNumbersRoute, {
      token: service.tokens.user,
      headers: { "x-evil": "1", cookie: "a=b", "x-forwarded-for": "192.0.2.9", "accept-language": "de" },
    });
    const names = Object.keys(service.headersSent()[0] ?? {});
    expect(names.sort()).toEqual([
      "accept",
      "accept-encoding",
      "authorization",
      "connection",
      "host",
      "user-agent",
    ]);
  });

  it.each([
    ["my-id_1.2", "my-id_1.2"],
    ["a b", "lambda-request-1"],
    ["x".repeat(129), "lambda-request-1"],
    ["a\r\nX-Evil: 1", "lambda-request-1"],
    ["", "lambda-request-1"],
  ])("X-Request-Id %j is returned as %j", async (sent, returned) => {
    const { headers } = await invoke(health, getHealthRoute, { headers: { "x-request-id": sent } });
    expect(headers["x-request-id"]).toBe(returned);
  });
});
