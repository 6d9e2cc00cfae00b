import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getDocsRoute, getGuideRoute } from "../../../lib/contract/operations.ts";
import { definePageHandler } from "../../../lib/http/public-handler.ts";
import { apiGatewayEvent, lambdaContext } from "../../support/api-gateway.ts";

const dir = mkdtempSync(join(tmpdir(), "ringfront-page-"));
const html = "<!doctype html><title>Über</title>";
beforeAll(() => {
  mkdirSync(join(dir, "docs.page"));
  writeFileSync(join(dir, "docs.page/index.html.gz"), gzipSync(html));
  const facts = { contentSecurityPolicy: "default-src 'none'; script-src 'sha256-x'", digest: "abc" };
  writeFileSync(join(dir, "docs.page/page.json"), JSON.stringify(facts));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const folder = (name: string) => pathToFileURL(join(dir, `${name}/`));

function get(headers: Record<string, string> = {}, { query = "", page = "docs.page" } = {}) {
  const handler = definePageHandler(getDocsRoute, folder(page));
  return handler(apiGatewayEvent(getDocsRoute, { headers, query }), lambdaContext());
}

test("a browser gets the page as the build compressed it, with the page's own policy", async () => {
  const { statusCode, headers, body, isBase64Encoded } = await get({
    "accept-encoding": "gzip, deflate, br",
  });
  expect({ statusCode, isBase64Encoded }).toEqual({ statusCode: 200, isBase64Encoded: true });
  expect(headers).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "content-encoding": "gzip",
    "content-security-policy": "default-src 'none'; script-src 'sha256-x'",
    "x-content-type-options": "nosniff",
    vary: "Accept-Encoding",
  });
  expect(gunzipSync(Buffer.from(body ?? "", "base64")).toString("utf8")).toBe(html);
});

test.each([undefined, "br", "gzip;q=0", "gzip; q=0.000, br"])(
  "a client that accepts %s gets it uncompressed, with another ETag",
  async (accepted) => {
    const response = await get(accepted === undefined ? {} : { "accept-encoding": accepted });
    expect(response.body).toBe(html);
    expect(response.headers).not.toHaveProperty("content-encoding");
    expect(response.headers.etag).toBe('"abc"');
    expect((await get({ "accept-encoding": "gzip" })).headers.etag).toBe('"abc-gzip"');
  },
);

test("a client with the current version gets 304, without a body", async () => {
  const response = await get({ "accept-encoding": "gzip", "if-none-match": '"abc-gzip"' });
  expect(response).toMatchObject({
    statusCode: 304,
    headers: { etag: '"abc-gzip"', "content-type": "text/html; charset=utf-8" },
  });
  expect(response.body).toBeUndefined();
  expect(response.isBase64Encoded).toBeUndefined();
});

test("a query is left to the page's script: the page and its policy are the same", async () => {
  const { headers, ...response } = await get({}, { query: "code=x&state=%3Cscript%3E" });
  const plain = await get();
  expect(response).toMatchObject({ statusCode: 200, body: html });
  const [policy, etag] = [plain.headers["content-security-policy"], plain.headers.etag];
  expect(headers).toMatchObject({ "content-security-policy": policy, etag });
});

test("a name that no page can have is rejected, under the strict policy of the API", async () => {
  const handler = definePageHandler(getGuideRoute, folder("."));
  const event = apiGatewayEvent(getGuideRoute, { path: { guide: "<script>" } });
  const { statusCode, headers, body = "" } = await handler(event, lambdaContext());
  expect([statusCode, JSON.parse(body).code]).toEqual([400, "request_invalid"]);
  expect(body).not.toContain("script");
  expect(headers["content-security-policy"]).toBe("default-src 'none'; frame-ancestors 'none'");
});

test("a page missing from the build is a 500, not a crash", async () => {
  expect((await get({}, { page: "nowhere.page" })).statusCode).toBe(500);
});

test("a route with a parameter serves the page of that name, and 404 for any other", async () => {
  const handler = definePageHandler(getGuideRoute, folder("."));
  const get = (guide: string) =>
    handler(apiGatewayEvent(getGuideRoute, { path: { guide } }), lambdaContext());
  mkdirSync(join(dir, "paging"));
  writeFileSync(join(dir, "paging/index.html.gz"), gzipSync("<h1>Paging</h1>"));
  writeFileSync(join(dir, "paging/page.json"), JSON.stringify({ contentSecurityPolicy: "x", digest: "d" }));
  expect(await get("paging")).toMatchObject({ statusCode: 200, body: "<h1>Paging</h1>" });
  expect(await get("nothing")).toMatchObject({ statusCode: 404 });
  expect(await get("../docs.page")).toMatchObject({ statusCode: 400 });
});
