import { gunzipSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { listBlockedNumbersRoute } from "../../../lib/contract/blocked-numbers.ts";
import { getForwardingNumberRoute } from "../../../lib/contract/forwarding-numbers.ts";
import { getOpenApiRoute } from "../../../lib/contract/operations.ts";
import type { Route } from "../../../lib/contract/route.ts";
import { invocationOf } from "../../../lib/http/invocation.ts";
import { buildStack } from "../../../lib/http/middleware-stack.ts";
import { jsonResponse } from "../../../lib/http/response.ts";
import { readSettings } from "../../../lib/platform/settings.ts";
import { apiGatewayEvent, lambdaContext } from "../../support/api-gateway.ts";

vi.spyOn(process.stdout, "write").mockReturnValue(true);

const settings = readSettings({
  RINGCENTRAL_SECRET_ID: "s",
  PSEUDONYM_SECRET_ID: "p",
  AUTH_ISSUER: "https://issuer.example",
  AUTH_AUDIENCE: "a",
  SERVED_ACCOUNTS: "1",
  TABLE_NAME: "table",
  CORS_ALLOWED_ORIGINS: "https://app.example.com",
});
const page = { limit: 100, hasMore: false };
const list = (length: number) => ({
  data: Array.from({ length }, (_, at) => ({ id: String(at), a: "x" })),
  page,
});

function get(route: Route, body: unknown, headers: Record<string, string> = {}, method = "GET") {
  const event = apiGatewayEvent(route, { headers });
  event.requestContext.http.method = method;
  const handle = buildStack(route, async (request) => {
    invocationOf(request).settings = settings;
    return jsonResponse(200, body);
  });
  return handle(event, lambdaContext());
}
const gzip = { "accept-encoding": "gzip, deflate, br" };

describe("a long list", () => {
  it("is compressed for callers that accept it, and varies by that and by the origin", async () => {
    const { body, headers, isBase64Encoded } = await get(listBlockedNumbersRoute, list(200), gzip);
    expect(isBase64Encoded).toBe(true);
    expect(headers).toMatchObject({ "content-encoding": "gzip", vary: "Accept-Encoding, Origin" });
    expect(JSON.parse(String(gunzipSync(Buffer.from(body ?? "", "base64"))))).toEqual(list(200));
    expect(body?.length).toBeLessThan(JSON.stringify(list(200)).length / 3);
  });

  it.each([{}, { "accept-encoding": "br" }, { "accept-encoding": "gzip;q=0" }])(
    "is not compressed for %j, but says that it varies",
    async (accepted) => {
      const { body, headers } = await get(listBlockedNumbersRoute, list(200), accepted);
      expect(JSON.parse(body ?? "")).toEqual(list(200));
      expect(headers).not.toHaveProperty("content-encoding");
      expect(headers.vary).toBe("Accept-Encoding, Origin");
    },
  );

  it("is 304 for a caller that has either encoding of it", async () => {
    const { headers } = await get(listBlockedNumbersRoute, list(200), gzip);
    const known = { ...gzip, "if-none-match": headers.etag ?? "" };
    const response = await get(listBlockedNumbersRoute, list(200), known);
    expect([response.statusCode, response.body]).toEqual([304, undefined]);
    expect(response.headers).not.toHaveProperty("content-encoding");
  });
});

it("a short list is not compressed", async () => {
  const { body, headers } = await get(listBlockedNumbersRoute, list(5), gzip);
  expect(JSON.parse(body ?? "")).toEqual(list(5));
  expect(headers.vary).toBe("Origin");
});

it("the two encodings of a document do not share a strong tag", async () => {
  const document = { openapi: "3.1.0", text: "x".repeat(5_000) };
  const [plain, compressed] = [
    await get(getOpenApiRoute, document),
    await get(getOpenApiRoute, document, gzip),
  ];
  expect(plain.headers.etag).toMatch(/^"/);
  expect(compressed.headers.etag).toBe(`W/${plain.headers.etag}`);
});

it("an item keeps the strong tag that If-Match needs, and is not compressed", async () => {
  const { headers, body } = await get(getForwardingNumberRoute, { data: { id: "x".repeat(5_000) } }, gzip);
  expect(headers.etag).toMatch(/^"/);
  expect(body).toContain("xxx");
});

describe("HEAD", () => {
  it("has the headers of GET without the content", async () => {
    const whole = await get(listBlockedNumbersRoute, list(200));
    const head = await get(listBlockedNumbersRoute, list(200), gzip, "HEAD");
    expect(head).toEqual({ statusCode: 200, headers: { ...whole.headers } });
  });

  it("is 304 for the current version", async () => {
    const { headers } = await get(listBlockedNumbersRoute, list(2));
    const head = await get(listBlockedNumbersRoute, list(2), { "if-none-match": headers.etag ?? "" }, "HEAD");
    expect(head.statusCode).toBe(304);
  });
});

describe("an event that is no request of the API", () => {
  const handle = buildStack(listBlockedNumbersRoute, async () => jsonResponse(200, {}));

  it.each([
    {},
    null,
    "warm",
    { source: "serverless-plugin-warmup" },
    { key1: "value1", key2: "value2", key3: "value3" },
    { httpMethod: "GET", path: "/", headers: {}, requestContext: { stage: "prod" } },
    { version: "2.0", rawPath: "/", requestContext: { http: { method: "GET" } } },
  ])("%j is told so, and does not crash the function", async (event) => {
    const response = await handle(JSON.parse(JSON.stringify(event)), lambdaContext());
    expect(response.statusCode).toBe(400);
    expect(response.body).toContain("payload format 2.0");
  });
});
