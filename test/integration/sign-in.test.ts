import * as oauth from "oauth4webapi";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as getMe } from "../../functions/operations/get-me.ts";
import { handler as signIn } from "../../functions/sign-in/sign-in.ts";
import type { Listening } from "../../infra/local/ports.ts";
import { newSecret } from "../../infra/sign-in/content.ts";
import { listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import { getMeRoute } from "../../lib/contract/people.ts";
import { defineSignInFunction } from "../../lib/runtime/sign-in-function.ts";
import { invoke } from "../support/api-gateway.ts";
import { serveHandler } from "../support/http-bridge.ts";
import { type Service, startService } from "../support/service.ts";
import { Browser } from "../support/sign-in-lab.ts";
import { SEED } from "../twin/twin.ts";

const SECRET = "ringfront/test/sign-in";
const APP = "com.acme.numbers:/signed-in";
const client = { clientId: "acme-app", name: "Acme", redirectUris: [APP], scopes: ["numbers:read"] };

let service: Service;
let api: Listening;
beforeAll(async () => {
  const secret = JSON.stringify({ ...newSecret(Date.now()), clients: [client] });
  // The twin counts visits of its log-in page too; here the service's own count is what stops the calls.
  service = await startService({ otherSecrets: { [SECRET]: secret }, limits: { Auth: false } });
  api = await serveHandler(signIn);
  service.twin.registerRedirectUris([`${api.url}/oauth/callback`]);
  process.env.SIGN_IN_ISSUER = api.url;
  process.env.SIGN_IN_SECRET_ID = SECRET;
  process.env.TOKEN_CALLS_PER_MINUTE = "8";
});
afterAll(async () => {
  await api.close();
  await service.stop();
});
beforeEach(() => service.forget());

/** A request of the browser, which follows the service's own redirects. */
async function visit(browser: Browser, url: string): Promise<Response> {
  for (let next = new URL(url, api.url).href; ; ) {
    const cookie = browser.sentTo(new URL(next).pathname).join("; ");
    const response = await fetch(next, { redirect: "manual", headers: { cookie, accept: "text/html" } });
    for (const line of response.headers.getSetCookie()) browser.keep(line);
    const location = response.headers.get("location");
    if (location === null || !new URL(location, api.url).href.startsWith(api.url)) return response;
    next = new URL(location, api.url).href;
  }
}

/** Up to the app, or to the page that the person is left with. */
async function authorize(verifier: string) {
  const parameters = {
    client_id: client.clientId,
    redirect_uri: APP,
    response_type: "code",
    scope: "numbers:read",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  };
  const browser = new Browser();
  const login = await visit(browser, `/oauth/authorize?${new URLSearchParams(parameters)}`);
  return visit(browser, await service.twin.signIn(login.headers.get("location") ?? "", SEED.extensionId));
}

async function post(path: string, fields: Record<string, string>) {
  const body = new URLSearchParams({ client_id: client.clientId, ...fields });
  const response = await fetch(`${api.url}/oauth/${path}`, { method: "POST", body });
  const text = await response.text();
  return { response, body: text === "" ? {} : JSON.parse(text) };
}

const list = (token: string) =>
  invoke(listBlockedNumbers, listBlockedNumbersRoute, { token, headers: { "cache-control": "no-cache" } });

it("signs a person in, serves them by their own session, and ends it when they log out", async () => {
  const print = vi.spyOn(process.stdout, "write");
  const verifier = oauth.generateRandomCodeVerifier();
  const back = await authorize(verifier);
  const code = new URL(back.headers.get("location") ?? "").searchParams.get("code") ?? "";
  const grant = { grant_type: "authorization_code", code, redirect_uri: APP, code_verifier: verifier };
  const { body: tokens } = await post("token", grant);
  expect((await list(tokens.access_token)).status).toBe(200);
  const me = await invoke(getMe, getMeRoute, { token: tokens.access_token });
  expect(me.body.data).toMatchObject({ budget: "own", extension: { id: SEED.extensionId } });
  const { body: next } = await post("token", {
    grant_type: "refresh_token",
    refresh_token: tokens.refresh_token,
  });
  expect((await list(next.access_token)).status).toBe(200);
  const revoked = await post("revoke", { token: next.refresh_token });
  expect([revoked.response.status, revoked.response.headers.get("cache-control")]).toEqual([200, "no-store"]);
  expect(service.twin.requests.at(-1)?.path).toBe("/restapi/oauth/revoke");
  expect(await list(next.access_token)).toMatchObject({ status: 401, body: { code: "sign_in_required" } });
  const late = await post("token", { grant_type: "refresh_token", refresh_token: next.refresh_token });
  expect(late.body.error).toBe("invalid_grant");
  const person = { accountId: SEED.accountId, extensionId: SEED.extensionId };
  const lines = print.mock.calls.map(([line]) => String(line));
  const audited = lines.filter((line) => line.includes('"message":"audit"'));
  expect(audited.map((line) => JSON.parse(line))).toMatchObject([
    { action: "logIn", outcome: "succeeded", sourceIp: "192.0.2.1", ...person },
    { action: "logOut", outcome: "succeeded", ...person },
  ]);
  print.mockRestore();
});

it("says when to come back while RingCentral's calls for tokens are used up, and exceeds them never", async () => {
  let page = await authorize(oauth.generateRandomCodeVerifier());
  for (let person = 0; person < 6 && page.status === 303; person += 1) {
    page = await authorize(oauth.generateRandomCodeVerifier());
  }
  expect(page.status).toBe(429);
  expect(Number(page.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  const calls = service.twin.requests.filter(({ path }) => /\/oauth\/(token|revoke)$/.test(path));
  // Sign-ins leave two of eight to requests, and the test before made two. Of the usual five they would leave two.
  expect(calls.length).toBeGreaterThanOrEqual(4);
  expect(calls.length).toBeLessThanOrEqual(6);
});

it("says to try again when its secret cannot be read", async () => {
  vi.stubEnv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:1");
  const unread = await serveHandler(defineSignInFunction());
  const response = await fetch(`${unread.url}/oauth/jwks`);
  vi.unstubAllEnvs();
  await unread.close();
  expect(response.status).toBe(503);
  expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await response.json()).toMatchObject({ code: "credentials_unavailable" });
});

it("keeps its documents public, small and cacheable, and answers nothing else", async () => {
  const document = await fetch(`${api.url}/.well-known/openid-configuration`);
  expect([document.status, document.headers.get("etag")]).toEqual([200, expect.any(String)]);
  const etag = document.headers.get("etag") ?? "";
  const again = await fetch(document.url, { headers: { "if-none-match": etag } });
  expect(again.status).toBe(304);
  expect((await fetch(`${api.url}/oauth/unknown`)).status).toBe(404);
});
