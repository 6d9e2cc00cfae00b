import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { RingCentralError } from "../../../../lib/ringcentral/api/errors.ts";
import { failureOf, parseBody } from "../../../../lib/ringcentral/http/parse-response.ts";
import {
  pausedForMs,
  readRateHeaders,
  readRetryAfterMs,
} from "../../../../lib/ringcentral/http/response-headers.ts";

const NOW = Date.UTC(2026, 0, 1, 12);
const JSON_TYPE = { "content-type": "application/json" };

function failure(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return failureOf({ name: "op" }, { status, headers: { ...JSON_TYPE, ...headers }, body: text }, NOW);
}

describe("error bodies", () => {
  it.each([
    [
      "word-style on top, code nested",
      404,
      {
        errorCode: "InvalidParameter",
        message: "Resource for parameter [extensionId] is not found",
        errors: [{ errorCode: "CMN-102", message: "…", parameterName: "extensionId" }],
        parameterName: "extensionId",
      },
      { errorCode: "CMN-102", parameterName: "extensionId" },
    ],
    [
      "the documented model, without a top-level copy",
      400,
      { errors: [{ errorCode: "CMN-101", message: "…", parameterName: "perPage", parameterValue: "x" }] },
      { errorCode: "CMN-101", parameterName: "perPage" },
    ],
    [
      "a missing permission",
      403,
      {
        errorCode: "CMN-408",
        errors: [{ errorCode: "CMN-408", permissionName: "EditBlockedNumbers" }],
        permissionName: "EditBlockedNumbers",
      },
      { errorCode: "CMN-408", permissionName: "EditBlockedNumbers" },
    ],
    [
      "a permission named on top only",
      403,
      {
        errorCode: "InsufficientPermissions",
        errors: [{ errorCode: "CMN-401" }],
        permissionName: "ReadAccounts",
      },
      { errorCode: "CMN-401", permissionName: "ReadAccounts" },
    ],
    [
      "a gateway's, with no nested errors",
      404,
      { errorCode: "AGW-404", errors: [] },
      { errorCode: "AGW-404" },
    ],
    [
      "OAuth's, with a list of parameters",
      400,
      {
        error: "invalid_grant",
        error_description: "…",
        errors: [
          { errorCode: "OAU-213", parameters: [{ parameterName: "refresh_token", parameterValue: "x" }] },
        ],
      },
      { errorCode: "OAU-213", oauthError: "invalid_grant", parameterName: "refresh_token" },
    ],
    ["members of unexpected types", 400, { errorCode: 7, errors: "none", parameterName: {} }, {}],
    ["no body at all", 404, "", {}],
  ])("are read in each format: %s", (_, status, body, expected) => {
    const { kind, operation, mayHaveTakenEffect, ...rest } = failure(status, body) ?? {};
    expect({ kind, operation, mayHaveTakenEffect }).toEqual({
      kind: "rejected",
      operation: "op",
      mayHaveTakenEffect: false,
    });
    expect(rest).toEqual({ status, ...expected });
  });

  it("lose values that could smuggle text into logs and responses", () => {
    const body = { errors: [{ errorCode: "CMN-101\r\nSet-Cookie: x", parameterName: "<b>" }] };
    expect(failure(400, body, { rcrequestid: "a b" })).toEqual({
      kind: "rejected",
      operation: "op",
      status: 400,
      mayHaveTakenEffect: false,
    });
  });

  it("carry RingCentral's request id", () => {
    const id = "6d0b6d5e-0000-11f0-9000-000000000001";
    expect(failure(404, {}, { rcrequestid: id })?.requestId).toBe(id);
  });
});

describe("statuses", () => {
  const html = "<html>Bad gateway</html>";
  it.each([
    [400, {}, "rejected", false],
    [401, {}, "rejected", false],
    [403, html, "bad_response", false],
    [404, html, "bad_response", false],
    [402, html, "rejected", false],
    [409, {}, "locked", false],
    [409, html, "locked", false],
    [409, { errors: [{ errorCode: "XYZ-1" }] }, "rejected", false],
    [409, { errors: [{ errorCode: "XYZ-1", message: "Update in progress" }] }, "locked", false],
    [423, { errorCode: "Locked", errors: [] }, "locked", false],
    [400, { errorCode: "InvalidRequest", message: "Another operation is in progress" }, "locked", false],
    [503, { errors: [{ errorCode: "CMN-211" }] }, "limited_mode", false],
    [408, {}, "bad_response", true],
    [429, {}, "rate_limited", false],
    [429, html, "rate_limited", false],
    [500, { errorCode: "CMN-203" }, "bad_response", true],
    [500, html, "bad_response", true],
    [501, { errorCode: "CMN-202" }, "rejected", false],
    [501, html, "bad_response", false],
    [502, "", "bad_response", true],
    [503, {}, "unavailable", true],
    [504, html, "bad_response", true],
    [207, [], "bad_response", true],
    [302, "", "bad_response", true],
    [304, "", "bad_response", true],
  ])("%d with body %j is kind %s; may have taken effect: %s", (status, body, kind, mayHaveTakenEffect) => {
    expect(failure(status, body)).toMatchObject({ kind, status, mayHaveTakenEffect });
  });

  it.each([200, 201, 204])("%d is no failure", (status) => {
    expect(failure(status, {})).toBeUndefined();
  });

  it("CMN-304 is about the request, not about the budget", () => {
    const body = { errorCode: "CMN-304", errors: [{ errorCode: "CMN-304" }] };
    const got = failure(429, body);
    expect(got).toMatchObject({
      kind: "rejected",
      status: 429,
      errorCode: "CMN-304",
      mayHaveTakenEffect: true,
    });
  });
});

describe("Retry-After", () => {
  it.each([
    ["60", 60_000],
    ["0", 0],
    ["1.5", 1_500],
    ["Thu, 01 Jan 2026 12:00:45 GMT", 45_000],
    ["Thursday, 01-Jan-26 12:00:45 GMT", 45_000],
    ["Thu, 01 Jan 2026 11:59:00 GMT", 0],
    ["99999999999", 86_400_000],
    ["-5", undefined],
    ["soon", undefined],
    ["", undefined],
  ])("%j is %s ms", (text, expected) => {
    expect(readRetryAfterMs({ "retry-after": text }, NOW)).toBe(expected);
  });

  it.each([
    ["as stated, even if shorter", { "retry-after": "3" }, 3_000],
    ["30 s when nothing is said", {}, 30_000],
    ["the window when it is longer", { "x-rate-limit-window": "60" }, 60_000],
    ["no less than 30 s for a short window", { "x-rate-limit-window": "5" }, 30_000],
    ["30 s when it is unreadable", { "retry-after": "soon" }, 30_000],
    ["5 min when it is absurd", { "retry-after": "999999999999" }, 300_000],
    ["5 min when its window is", { "x-rate-limit-window": "99999" }, 300_000],
  ])("a 429 pauses calls for %s", (_, headers, expected) => {
    expect(pausedForMs(headers, NOW)).toBe(expected);
    expect(failure(429, {}, headers)?.retryAfterMs).toBe(expected);
  });

  it("is passed on from a 503 only when stated", () => {
    expect(failure(503, {}, { "retry-after": "7" })?.retryAfterMs).toBe(7_000);
    expect(failure(503, {})?.retryAfterMs).toBeUndefined();
  });
});

describe("rate limit headers", () => {
  it("are read in both spellings, the group in lower case", () => {
    const expected = { group: "heavy", limit: 10, remaining: 0, windowSeconds: 60 };
    const values = { group: "Heavy", limit: "10", remaining: "0", window: "60" };
    for (const prefix of ["x-rate-limit", "x-ratelimit"]) {
      const headers = Object.entries(values).map(([name, value]) => [`${prefix}-${name}`, value]);
      expect(readRateHeaders(Object.fromEntries(headers))).toEqual(expected);
    }
  });

  it("may be missing or unreadable", () => {
    expect(readRateHeaders({})).toEqual({});
    expect(readRateHeaders({ "x-rate-limit-limit": "many", "x-rate-limit-remaining": "-1" })).toEqual({});
  });
});

describe("the body of a success", () => {
  const schema = z.object({ id: z.union([z.string(), z.int()]) });
  const read = (body: string, headers: Record<string, string> = JSON_TYPE) =>
    parseBody("op", { status: 200, headers: { ...headers, rcrequestid: "r-1" }, body }, schema);

  it.each([
    ["application/json"],
    ["application/json;charset=utf-8"],
    ["application/vnd.ringcentral.thing+json"],
  ])("is accepted as %s", (type) => {
    expect(read('{"id":"1"}', { "content-type": type })).toEqual({ id: "1" });
  });

  it("is rejected when its bytes are no UTF-8", () => {
    const garbled = {
      status: 200,
      headers: { "content-type": "application/json" },
      body: "{}",
      isGarbled: true,
    } as const;
    expect(() => parseBody("op", garbled, z.object({}))).toThrow("bad_response");
  });

  it("is accepted without a content type when it is JSON", () => {
    expect(read('{"id":"1"}', {})).toEqual({ id: "1" });
  });

  it("keeps every digit of an int64", () => {
    expect(read('{"id":9007199254740993}')).toEqual({ id: "9007199254740993" });
    expect(read('{"id":900001,"other":"1234567890123456"}')).toEqual({ id: 900001 });
  });

  it.each([
    ["empty", "", JSON_TYPE],
    ["truncated", '{"id":"1"', JSON_TYPE],
    ["HTML", "<html></html>", { "content-type": "text/html" }],
    ["HTML that claims to be JSON", "<html></html>", JSON_TYPE],
    ["JSON that claims to be HTML", '{"id":"1"}', { "content-type": "text/html" }],
    ["something else", '{"name":"+12025550143"}', JSON_TYPE],
    ["null", "null", JSON_TYPE],
  ])("is a bad response when it is %s", (_, body, headers) => {
    let caught: unknown;
    try {
      read(body, headers);
    } catch (error) {
      caught = error;
    }
    if (!(caught instanceof RingCentralError)) throw new Error("expected a RingCentralError");
    expect(caught.failure).toMatchObject({
      kind: "bad_response",
      status: 200,
      requestId: "r-1",
      mayHaveTakenEffect: true,
    });
    expect(String(caught.failure.cause)).not.toContain("2025550143");
  });
});

describe("a conditional read", () => {
  const operation = { name: "op", isConditional: true } as const;
  const schema = z.object({
    status: z.number(),
    etag: z.optional(z.string()),
    body: z.optional(z.unknown()),
  });
  it.each<[etag: string | undefined, read: string | undefined]>([
    ['"abc"', '"abc"'],
    ['W/"abc"', 'W/"abc"'],
    ["bare", "bare"],
    ["line\nbreak", undefined],
    [undefined, undefined],
  ])("is given the status, the body and the ETag %j", (etag, read) => {
    const response = { status: 200, headers: { ...JSON_TYPE, etag }, body: "{}" };
    expect(parseBody("op", response, schema, true)).toEqual({
      status: 200,
      ...(read && { etag: read }),
      body: {},
    });
  });

  it("succeeds with 304, which is a failure of every other read", () => {
    const response = { status: 304, headers: {}, body: "" };
    expect(failureOf(operation, response, NOW)).toBeUndefined();
    expect(parseBody("op", response, schema, true)).toMatchObject({ status: 304 });
    expect(failureOf({ name: "op" }, response, NOW)).toMatchObject({ kind: "bad_response" });
  });
});
