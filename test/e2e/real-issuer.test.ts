import { afterAll, beforeAll, expect, test } from "vitest";
import { type OidcIssuer, startOidcIssuer } from "../../infra/local/oidc-issuer.ts";
import { findFreePort } from "../../infra/local/ports.ts";
import { SEED } from "../twin/twin.ts";
import { copyCheckout } from "./checkout.ts";
import { endStack, type NpmStart, npmStart, patientFetch, type StackFile, untilReady } from "./npm-start.ts";

const checkout = copyCheckout();
const { dir } = checkout;
let issuer: OidcIssuer;
let started: NpmStart;
let stack: StackFile;

beforeAll(async () => {
  issuer = await startOidcIssuer("web-client", SEED);
  const env = {
    AUTH_ISSUER: issuer.url,
    AUTH_AUDIENCE: "web-client",
    AUTH_ACCOUNT_CLAIM: "none",
    AUTH_EXTENSION_CLAIM: "app.rc.extension",
    AUTH_SCOPE_PREFIX: "ringfront/",
  };
  started = npmStart({ dir, port: await findFreePort(), env });
  stack = await untilReady(started, dir);
});
afterAll(async () => {
  await endStack(started);
  await issuer.close();
  checkout.remove();
});

const claims = {
  aud: undefined,
  client_id: "web-client",
  scope: "openid ringfront/numbers:read",
  rc_account_id: undefined,
  rc_extension_id: undefined,
  app: { rc: { extension: [SEED.extensionId] } },
};
const list = async (changes: Record<string, unknown> = {}) => {
  const headers = { authorization: `Bearer ${await issuer.mint({ ...claims, ...changes })}` };
  return patientFetch(`${stack.apiUrl}/v1/extensions/me/blocked-numbers`, { headers });
};

test("npm start with AUTH_ISSUER serves that provider's tokens, as the settings read them", async () => {
  expect((await list()).status).toBe(200);
  expect(stack.issuerUrl).toBe(issuer.url);
  expect(new Set(Object.values(stack.tokens))).toEqual(new Set([""]));
  expect(started.output()).toContain('-H "authorization: Bearer $TOKEN"');
});

test("a token that it rejects has a log line that names the claim", async () => {
  const response = await list({ client_id: "another" });
  expect(response.status).toBe(401);
  await expect.poll(() => started.output()).toMatch(/"token rejected".*"claim":"aud, client_id"/);
});

test.each<[name: string, env: Record<string, string>, message: RegExp]>([
  ["a malformed AUTH_ISSUER", { AUTH_ISSUER: "issuer" }, /AUTH_ISSUER must be an https URL/],
  ["an issuer that is down", { AUTH_ISSUER: "http://127.0.0.1:9" }, /http:\/\/127\.0\.0\.1:9 cannot be used/],
])("%s ends npm start with a message", async (_, env, message) => {
  const failing = npmStart({ dir, port: await findFreePort(), env: { AUTH_AUDIENCE: "web-client", ...env } });
  expect(await failing.exit).toBe(1);
  expect(failing.output()).toMatch(message);
});
