import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { findFreePort } from "../../infra/local/ports.ts";
import { forgedTokens } from "../support/forged-tokens.ts";
import { Browser } from "../support/sign-in-lab.ts";
import { copyCheckout } from "./checkout.ts";
import { endStack, type NpmStart, npmStart, patientFetch, type StackFile, untilReady } from "./npm-start.ts";

const checkout = copyCheckout();
let started: NpmStart;
let stack: StackFile;

beforeAll(async () => {
  started = npmStart({ dir: checkout.dir, port: await findFreePort() });
  stack = await untilReady(started, checkout.dir);
});
afterAll(async () => {
  await endStack(started);
  checkout.remove();
});

interface Call {
  token?: string | undefined;
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

async function call(path: string, { token, method = "GET", body, headers = {} }: Call = {}) {
  const response = await patientFetch(`${stack.apiUrl}${path}`, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? undefined : JSON.parse(text),
  };
}

describe("the printed sign-in", () => {
  /** The browser follows the API's redirects to RingCentral's log-in page, and those back to the app's address. */
  async function follow(url: string, browser: Browser): Promise<string> {
    const { origin, pathname } = new URL(url);
    const isOurs = origin === stack.apiUrl;
    const headers = { accept: "text/html", ...(isOurs && { cookie: browser.sentTo(pathname).join("; ") }) };
    const response = await patientFetch(url, { redirect: "manual", headers });
    if (isOurs) for (const line of response.headers.getSetCookie()) browser.keep(line);
    const location = response.headers.get("location");
    if (location === null) return url;
    const next = new URL(location, url).href;
    return next.startsWith(`${stack.apiUrl}/callback?`) ? next : follow(next, browser);
  }

  test("signs a person in, who is then served by their own session", async () => {
    const printed = started.output();
    const [authorize = ""] = /^ {2}(http\S+\/oauth\/authorize\S+)$/m.exec(printed)?.slice(1) ?? [];
    const [fields = ""] = /^ {2}curl -s \S+\/oauth\/token (.*) -d code=…$/m.exec(printed)?.slice(1) ?? [];
    const browser = new Browser();
    const page = new URL(await follow(authorize, browser));
    const form = new URLSearchParams({ ...Object.fromEntries(page.searchParams), as: stack.extensionId });
    const chosen = await fetch(`${stack.twinUrl}/login`, { method: "POST", body: form, redirect: "manual" });
    const back = await follow(chosen.headers.get("location") ?? "", browser);
    const body = new URLSearchParams(fields.replaceAll(/ ?-d /g, "&").slice(1));
    body.set("code", new URL(back).searchParams.get("code") ?? "");
    const tokens = await (
      await patientFetch(`${stack.signIn.issuer}/oauth/token`, { method: "POST", body })
    ).json();
    const { access_token: token } = z.object({ access_token: z.string() }).parse(tokens);
    const me = await call("/v1/me", { token });
    expect(me.body.data).toMatchObject({ extension: { id: stack.extensionId }, budget: "own" });
    expect((await call("/v1/extensions/me/blocked-numbers", { token })).status).toBe(200);
  });
});

describe("the seven operations", () => {
  test("lists blocked numbers", async () => {
    const { status, body } = await call("/v1/extensions/me/blocked-numbers", { token: stack.tokens.user });
    expect(status).toBe(200);
    expect(body).toMatchObject({ data: expect.any(Array), page: { limit: 100, hasMore: false } });
    for (const number of body.data)
      expect(number).toMatchObject({ id: expect.any(String), phoneNumber: expect.stringMatching(/^\+\d+$/) });
  });

  test("blocks a number, and then lists it", async () => {
    const { status, body, headers } = await call("/v1/extensions/me/blocked-numbers", {
      token: stack.tokens.user,
      method: "POST",
      body: { phoneNumber: "(202) 555-0142", country: "US", label: "Robocaller" },
    });
    expect({ status, data: body.data }).toMatchObject({
      status: 201,
      data: { phoneNumber: "+12025550142", label: "Robocaller" },
    });
    expect(headers.get("location")).toContain(body.data.id);
    const list = await call("/v1/extensions/me/blocked-numbers?limit=1000", { token: stack.tokens.user });
    expect(list.body.data).toContainEqual(expect.objectContaining(body.data));
  });

  test("lists blocked and allowed numbers, filtered by status", async () => {
    const all = await call("/v1/extensions/me/caller-blocking/phone-numbers", { token: stack.tokens.user });
    expect(all.status).toBe(200);
    const blocked = await call("/v1/extensions/me/caller-blocking/phone-numbers?status=blocked", {
      token: stack.tokens.user,
    });
    expect(blocked.status).toBe(200);
    expect(new Set(blocked.body.data.map(({ status }: { status: string }) => status))).toEqual(
      new Set(["blocked"]),
    );
  });

  test("adds a forwarding number, changes it, and lists the result", async () => {
    const path = "/v1/extensions/me/forwarding-numbers";
    const added = await call(path, {
      token: stack.tokens.user,
      method: "POST",
      body: { phoneNumber: "+12025550188", label: "Boat", type: "Other" },
    });
    expect(added).toMatchObject({
      status: 201,
      body: { data: { phoneNumber: "+12025550188", label: "Boat" } },
    });
    const { id } = added.body.data;
    const changed = await call(`${path}/${id}`, {
      token: stack.tokens.user,
      method: "PUT",
      body: { label: "Boat shed" },
    });
    expect(changed).toMatchObject({
      status: 200,
      body: { data: { id, phoneNumber: "+12025550188", label: "Boat shed" } },
    });
    const list = await call(`${path}?limit=1000`, { token: stack.tokens.user });
    expect(list.body.data).toContainEqual(expect.objectContaining(changed.body.data));
  });

  test("pages through the company's numbers and yields each once", async () => {
    const first = await call("/v1/account/phone-numbers?limit=10", { token: stack.tokens.service });
    expect(first).toMatchObject({ status: 200, body: { page: { limit: 10, hasMore: true } } });
    expect(first.headers.get("link")).toContain('rel="next"');
    const cursor = encodeURIComponent(first.body.page.nextCursor);
    const second = await call(`/v1/account/phone-numbers?limit=10&cursor=${cursor}`, {
      token: stack.tokens.service,
    });
    expect(second.status).toBe(200);
    const ids = [...first.body.data, ...second.body.data].map(({ id }: { id: string }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("lets an administrator reach another extension by its id", async () => {
    const path = `/v1/extensions/${stack.otherExtensionId}/forwarding-numbers`;
    expect((await call(path, { token: stack.tokens.admin })).status).toBe(200);
  });
});

describe("without a token", () => {
  test("serves health and the API's description", async () => {
    expect(await call("/healthz")).toMatchObject({ status: 200, body: { status: "ok" } });
    const { status, body } = await call("/openapi.json");
    expect({ status, openapi: body.openapi }).toEqual({
      status: 200,
      openapi: expect.stringMatching(/^3\.1/),
    });
    expect(Object.keys(body.paths)).toContain("/v1/account/phone-numbers");
    const { authorizationCode } = body.components.securitySchemes.accessToken.flows;
    expect(authorizationCode.tokenUrl).toBe(`${stack.signIn.issuer}/oauth/token`);
  });

  test("rejects everything else as a problem with a request id", async () => {
    const { status, headers, body } = await call("/v1/extensions/me/blocked-numbers");
    expect(status).toBe(401);
    expect(headers.get("content-type")).toMatch(/^application\/problem\+json/);
    expect(body).toMatchObject({ code: "token_missing", status: 401, instance: headers.get("x-request-id") });
  });
});

test("rejects forged tokens in the handlers themselves", async () => {
  const forged = await forgedTokens(stack.tokens.user, stack.issuerUrl);
  for (const [how, token] of Object.entries(forged)) {
    const { status, body } = await call("/v1/extensions/me/blocked-numbers", { token });
    expect({ how, status, code: body.code }).toEqual({ how, status: 401, code: "token_invalid" });
  }
});

describe("tokens with too little access", () => {
  const rejections: [
    what: string,
    token: keyof StackFile["tokens"],
    method: string,
    path: () => string,
    code: string,
  ][] = [
    [
      "writing with a read-only token",
      "readOnly",
      "POST",
      () => "/v1/extensions/me/blocked-numbers",
      "scope_missing",
    ],
    [
      "the company's numbers with a user's token",
      "user",
      "GET",
      () => "/v1/account/phone-numbers",
      "scope_missing",
    ],
    [
      "an extension's numbers with a machine token",
      "service",
      "GET",
      () => "/v1/extensions/me/blocked-numbers",
      "scope_missing",
    ],
    [
      "another user's extension",
      "user",
      "GET",
      () => `/v1/extensions/${stack.otherExtensionId}/blocked-numbers`,
      "extension_forbidden",
    ],
    [
      "the first extension with the other's token",
      "otherUser",
      "GET",
      () => `/v1/extensions/${stack.extensionId}/blocked-numbers`,
      "extension_forbidden",
    ],
  ];
  test.each(rejections)("%s (%s) is rejected", async (_what, token, method, path, code) => {
    const body = method === "POST" ? { phoneNumber: "+12025550123" } : undefined;
    const result = await call(path(), { token: stack.tokens[token], method, body });
    expect({ status: result.status, code: result.body.code }).toEqual({ status: 403, code });
  });
});

describe("bad input through the gateway", () => {
  const inputs: [what: string, path: string, status: number, call?: Call][] = [
    ["a dot segment in place of an id", "/v1/extensions/%2e%2e/blocked-numbers", 404],
    ["two ids", "/v1/extensions/1,2/blocked-numbers", 400],
    ["a wildcard", "/v1/extensions/*/blocked-numbers", 400],
    ["an id of 30 digits", `/v1/extensions/${"1".repeat(30)}/blocked-numbers`, 400],
    ["an encoded slash in an id", "/v1/extensions/1%2F2/blocked-numbers", 400],
    ["an id in another script", "/v1/extensions/%D9%A1%D9%A2/blocked-numbers", 400],
    ["a malformed escape", "/v1/extensions/%zz/blocked-numbers", 400],
    ["an unknown query name", "/v1/extensions/me/blocked-numbers?perPage=5", 400],
    ["a query name of every object", "/v1/extensions/me/blocked-numbers?constructor=1&__proto__=2", 400],
    ["a repeated query name", "/v1/extensions/me/blocked-numbers?limit=1&limit=2", 400],
    ["a token in the query", "/v1/extensions/me/blocked-numbers?access_token=x", 400],
    ["a broken cursor", "/v1/extensions/me/blocked-numbers?cursor=x", 400],
    ["a method that is not served", "/v1/extensions/me/blocked-numbers", 404, { method: "PATCH", body: {} }],
    ["a path that is not served", "/v1/nothing", 404],
    [
      "an unknown body field",
      "/v1/extensions/me/blocked-numbers",
      400,
      { method: "POST", body: { phoneNumber: "+12025550123", uri: "x" } },
    ],
    ["a body that is a number", "/v1/extensions/me/blocked-numbers", 400, { method: "POST", body: 0 }],
    ["a body that is null", "/v1/extensions/me/blocked-numbers", 400, { method: "POST", body: null }],
    [
      "a body of 20 KiB",
      "/v1/extensions/me/blocked-numbers",
      413,
      { method: "POST", body: { label: "a".repeat(20_480) } },
    ],
    [
      "a form",
      "/v1/extensions/me/blocked-numbers",
      415,
      { method: "POST", body: {}, headers: { "content-type": "application/x-www-form-urlencoded" } },
    ],
    [
      "a media type that is none",
      "/v1/extensions/me/blocked-numbers",
      415,
      { method: "POST", body: {}, headers: { "content-type": "garbage;;=" } },
    ],
  ];
  test.each(inputs)("%s is rejected: %s gives %d", async (_what, path, status, options) => {
    const result = await call(path, { token: stack.tokens.user, ...options });
    expect(result.status).toBe(status);
  });
});

test("HEAD has the headers of GET, through the gateway too, and a long document comes compressed", async () => {
  const get = await call("/v1/extensions/me/blocked-numbers", { token: stack.tokens.user });
  const head = await call("/v1/extensions/me/blocked-numbers", { token: stack.tokens.user, method: "HEAD" });
  expect([head.status, head.body, head.headers.get("etag")]).toEqual([
    200,
    undefined,
    get.headers.get("etag"),
  ]);
  expect((await call("/v1/extensions/me/blocked-numbers", { method: "HEAD" })).status).toBe(401);
  expect((await call("/v1/extensions/me/nonsense", { method: "HEAD" })).status).toBe(404);
  const document = await call("/openapi.json", { headers: { "accept-encoding": "gzip" } });
  expect(document.headers.get("content-encoding")).toBe("gzip");
  expect(document.body).toMatchObject({ openapi: "3.1.0" });
});

test("a browser app of an allowed origin may call, another may not", async () => {
  const preflight = async (origin: string) => {
    const { status, headers } = await fetch(`${stack.apiUrl}/v1/extensions/me/blocked-numbers`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,traceparent",
      },
    });
    const isTraced = headers.get("access-control-allow-headers")?.includes("traceparent");
    return { status, allowed: isTraced ? headers.get("access-control-allow-origin") : null };
  };
  expect(await preflight("http://localhost:5173")).toEqual({ status: 204, allowed: "http://localhost:5173" });
  // Any page of this machine, as its port is the developer's choice.
  expect((await preflight("http://127.0.0.1:8081")).allowed).toBe("http://127.0.0.1:8081");
  expect((await preflight("http://evil.example")).allowed).toBeNull();
  expect((await preflight("http://localhost.evil.example")).allowed).toBeNull();
  const result = await call("/healthz", { headers: { origin: "http://evil.example" } });
  expect(result.headers.get("access-control-allow-origin")).toBeNull();
});

test("the issuer's token endpoint issues a fresh token for a client id", async () => {
  const minted = await fetch(`${stack.issuerUrl}/token`, {
    method: "POST",
    body: new URLSearchParams({ grant_type: "client_credentials", client_id: "readOnly" }),
  });
  const { access_token: token } = z.object({ access_token: z.string() }).parse(await minted.json());
  expect((await call("/v1/extensions/me/blocked-numbers", { token })).status).toBe(200);
});

test("each printed curl line works without changes", () => {
  const lines = started
    .output()
    .split("\n")
    .filter((line) => line.startsWith("curl "));
  expect(lines).toHaveLength(7);
  for (const line of lines) {
    const result = execFileSync("sh", ["-c", `${line} -w '\\n%{http_code}'`], { encoding: "utf8" });
    const status = result.trim().split("\n").at(-1);
    expect({ line: line.slice(0, 120), status, result }).toMatchObject({
      status: expect.stringMatching(/^20[01]$/),
    });
  }
});

test("the doctor without options checks the running local stack and finds nothing wrong", () => {
  const doctor = ["infra/doctor/doctor.ts", "--json"];
  const output = execFileSync(process.execPath, doctor, { cwd: checkout.dir, encoding: "utf8" });
  expect(JSON.parse(output)).toMatchObject({ healthy: true, accountId: stack.accountId });
});

test("the functions' log lines hold no token, secret or full phone number", () => {
  const logged = started
    .output()
    .split("\n")
    .filter((line) => line.startsWith("{"));
  expect(logged.length).toBeGreaterThan(10);
  for (const line of logged) {
    expect(() => JSON.parse(line)).not.toThrow();
    expect(line).not.toMatch(/eyJ[\w-]{20,}|\+1202555\d{4}/);
  }
});
