import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getDocsRoute } from "../../../lib/contract/service.ts";
import { definePageHandler } from "../../../lib/http/page-handler.ts";
import { createLogger } from "../../../lib/platform/logger.ts";
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
const quiet = { logger: createLogger({}, { write: () => {} }) };

function get(headers: Record<string, string> = {}, { query = "", page = "docs.page" } = {}) {
  const handler = definePageHandler(getDocsRoute, folder(page), quiet);
  return handler(apiGatewayEvent(getDocsRoute, { headers, query }), lambdaContext());
}

test("a browser gets the page compressed, as the build left it, under its own policy", async () => {
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
  "who accepts %s gets it plain, under another tag",
  async (accepted) => {
    const answer = await get(accepted === undefined ? {} : { "accept-encoding": accepted });
    expect(answer.body).toBe(html);
    expect(answer.headers).not.toHaveProperty("content-encoding");
    expect(answer.headers.etag).toBe('"abc"');
    expect((await get({ "accept-encoding": "gzip" })).headers.etag).toBe('"abc-gzip"');
  },
);

test("who has it already is told so, without a body", async () => {
  const answer = await get({ "accept-encoding": "gzip", "if-none-match": '"abc-gzip"' });
  expect(answer).toMatchObject({ statusCode: 304, headers: { etag: '"abc-gzip"' } });
  expect(answer.body).toBeUndefined();
  expect(answer.isBase64Encoded).toBeUndefined();
});

test("a query is refused as everywhere, under the strict policy of the API", async () => {
  const answer = await get({}, { query: "x=1" });
  expect(answer.statusCode).toBe(400);
  expect(JSON.parse(answer.body ?? "")).toMatchObject({ code: "request_invalid" });
  expect(answer.headers["content-security-policy"]).toBe("default-src 'none'; frame-ancestors 'none'");
});

test("a page that the build forgot is our own fault, not a crash", async () => {
  expect((await get({}, { page: "nowhere.page" })).statusCode).toBe(500);
});
