import { createHash } from "node:crypto";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod/mini";
import { withNextKeys } from "../../../infra/sign-in/content.ts";
import { scopes } from "../../../lib/contract/route.ts";
import { createAuthenticate } from "../../../lib/http/authenticate.ts";
import { systemClock } from "../../../lib/platform/clock.ts";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { readSettings } from "../../../lib/platform/settings.ts";
import { decodeToken } from "../../support/forged-tokens.ts";
import {
  APP,
  authorize,
  Browser,
  clients,
  ISSUER,
  machineSecret,
  refresh,
  type SignInLab,
  signIn,
  startSignInLab,
  token,
  visit,
  WEB_APP,
} from "../../support/sign-in-lab.ts";
import { SEED } from "../../twin/twin.ts";

let lab: SignInLab;
beforeAll(async () => {
  lab = await startSignInLab();
});
afterAll(() => lab.close());
afterEach(() => {
  lab.active.clear();
  lab.ended.length = 0;
  vi.useRealTimers();
});

const JsonObject = z.record(z.string(), z.unknown());
const Keys = z.object({ keys: z.array(z.looseObject({ kid: z.string() })) });
const readJson = async (url: string) => JsonObject.parse(await (await lab.fetch(url)).json());

/** As the handlers read an access token. */
async function callerOf(token: string) {
  const settings = readSettings({
    SIGN_IN_ISSUER: ISSUER,
    SERVED_ACCOUNTS: SEED.accountId,
    TABLE_NAME: "table",
    RINGCENTRAL_SECRET_ID: "s",
    PSEUDONYM_SECRET_ID: "p",
  });
  const authenticate = createAuthenticate(settings, systemClock, ({ href }) => readJson(href));
  return authenticate(`Bearer ${token}`, deadlineIn(5_000, systemClock), lab.logged.log);
}

const person = `${SEED.accountId}-${SEED.extensionId}`;

describe("an app", () => {
  test("signs a person in by openid-client, from the issuer's address alone", async () => {
    const options = { [client.customFetch]: lab.fetch };
    const config = await client.discovery(new URL(ISSUER), "acme-app", undefined, client.None(), options);
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: WEB_APP,
      scope: "openid numbers:read numbers:write",
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: "S256",
      state: expectedState,
      nonce: expectedNonce,
    });
    const browser = new Browser();
    const { url: ringcentral } = await visit(lab, browser, url.href);
    const back = await visit(lab, browser, await lab.twin.signIn(ringcentral, SEED.extensionId));
    const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
    const tokens = await client.authorizationCodeGrant(config, new URL(back.url), checks);
    expect(tokens).toMatchObject({ expires_in: 900, scope: "numbers:read numbers:write" });
    expect(tokens.claims()?.sub).toBe(person);
    const renewed = await client.refreshTokenGrant(config, tokens.refresh_token ?? "");
    expect(renewed.refresh_token).not.toBe(tokens.refresh_token);
    await client.tokenRevocation(config, renewed.refresh_token ?? "");
    await expect(client.refreshTokenGrant(config, renewed.refresh_token ?? "")).rejects.toMatchObject({
      error: "invalid_grant",
    });
    expect(lab.ended).toEqual([person]);
  });

  test("signs a person in by oauth4webapi, and its access token serves at the API", async () => {
    const options = { [oauth.customFetch]: lab.fetch };
    const issuer = new URL(ISSUER);
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options));
    const app = { client_id: "acme-app" };
    const { url, verifier } = await authorize(lab);
    const callback = oauth.validateAuthResponse(as, app, new URL(url), "app-state");
    const response = await oauth.authorizationCodeGrantRequest(
      as,
      app,
      oauth.None(),
      callback,
      APP,
      verifier,
      options,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(as, app, response);
    const { header, payload } = decodeToken(tokens.access_token);
    expect(header).toEqual({ alg: "RS256", typ: "at+jwt", kid: "key-1" });
    expect(payload).toMatchObject({ aud: ISSUER, rc_account_id: SEED.accountId });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(900);
    expect(await callerOf(tokens.access_token)).toMatchObject({
      accountId: SEED.accountId,
      extensionId: SEED.extensionId,
      scopes: new Set(["numbers:read", "numbers:write"]),
      signedInWithRingCentral: true,
    });
  });

  test("finds the server by the OAuth 2.0 metadata too, which say the same", async () => {
    const options = { [oauth.customFetch]: lab.fetch };
    const [issuer, app] = [new URL(ISSUER), { client_id: "acme-app" }];
    const response = await oauth.discoveryRequest(issuer, { ...options, algorithm: "oauth2" });
    const as = await oauth.processDiscoveryResponse(issuer, response);
    expect(as).toEqual(await readJson(`${ISSUER}/.well-known/openid-configuration`));
    const { refresh_token } = await signIn(lab, { scope: "numbers:read" });
    const renewal = await oauth.refreshTokenGrantRequest(as, app, oauth.None(), refresh_token, options);
    expect(await oauth.processRefreshTokenResponse(as, app, renewal)).toMatchObject({
      scope: "numbers:read",
    });
  });

  test("finds in the discovery document only what the server does", async () => {
    const document = await readJson(`${ISSUER}/.well-known/openid-configuration`);
    expect(document).toMatchObject({
      issuer: ISSUER,
      scopes_supported: ["openid", ...Object.keys(scopes)],
      authorization_endpoint: `${ISSUER}/oauth/authorize`,
      token_endpoint: `${ISSUER}/oauth/token`,
      revocation_endpoint: `${ISSUER}/oauth/revoke`,
      jwks_uri: `${ISSUER}/oauth/jwks`,
      code_challenge_methods_supported: ["S256"],
      response_types_supported: ["code"],
      token_endpoint_auth_methods_supported: ["none", "client_secret_basic"],
      id_token_signing_alg_values_supported: ["RS256"],
      authorization_response_iss_parameter_supported: true,
    });
    const grantTypes = z.array(z.string()).parse(document.grant_types_supported);
    expect(grantTypes.toSorted()).toEqual(["authorization_code", "client_credentials", "refresh_token"]);
    expect(document).not.toHaveProperty("userinfo_endpoint");
    expect(document).not.toHaveProperty("registration_endpoint");
    expect(document).not.toHaveProperty("pushed_authorization_request_endpoint");
    expect(document).not.toHaveProperty("dpop_signing_alg_values_supported");
  });

  test.each([
    ["a loopback address with any port", "http://127.0.0.1:54321/signed-in"],
    ["an https link", WEB_APP],
    ["a private-use scheme", APP],
  ])("is called back at %s", async (_, redirectUri) => {
    const { url } = await authorize(lab, { redirectUri });
    expect(url.startsWith(`${redirectUri}?code=`)).toBe(true);
    expect((await signIn(lab, { redirectUri })).status).toBe(200);
  });

  test("is called back by a form whose script the browser may run", async () => {
    const { response } = await authorize(lab, { parameters: { response_mode: "form_post" } });
    const [, script = ""] = /<script>(.*?)<\/script>/s.exec(await response.text()) ?? [];
    const hash = createHash("sha256").update(script).digest("base64");
    expect(response.headers.get("content-security-policy")).toContain(`script-src 'sha256-${hash}'`);
  });

  test("gets the scopes that it and the person may have", async () => {
    const scope = "numbers:read account:read ops:read account:manage";
    expect((await signIn(lab, { scope })).scope).toBe("numbers:read");
    const admin = SEED.adminExtensionId;
    expect((await signIn(lab, { scope, as: admin })).scope).toBe("numbers:read account:read");
    const { url } = await authorize(lab, { scope: "ops:read" });
    expect(url).toContain("error=access_denied");
  });

  test("keeps a session that another app of the person still uses", async () => {
    const as = SEED.otherExtensionId;
    const first = await signIn(lab, { as });
    const second = await signIn(lab, {
      as,
      clientId: "other-app",
      redirectUri: "com.other.app:/signed-in",
      scope: "numbers:read",
    });
    const revoke = (client_id: string, token: string) =>
      lab.fetch(`${ISSUER}/oauth/revoke`, {
        method: "POST",
        body: new URLSearchParams({ client_id, token }).toString(),
      });
    await revoke("other-app", second.refresh_token);
    expect(lab.ended).toEqual([]);
    // Another app's token is left alone.
    await revoke("other-app", first.refresh_token);
    const { refresh_token } = await refresh(lab, first.refresh_token);
    await revoke("acme-app", refresh_token);
    expect(lab.ended).toEqual([`${SEED.accountId}-${as}`]);
    expect((await refresh(lab, refresh_token)).error).toBe("invalid_grant");
  });

  test("has to sign in again once the session at RingCentral is over", async () => {
    const { refresh_token } = await signIn(lab);
    lab.active.clear();
    expect((await refresh(lab, refresh_token)).error).toBe("invalid_grant");
  });
});

describe("in a service for several accounts", () => {
  const servedAccounts = [SEED.accountId, SEED.otherAccountId];
  const errorFor = async (parameters: Record<string, string>) => {
    const before = lab.deps.servedAccounts;
    Object.assign(lab.deps, { servedAccounts });
    const { url } = await authorize(lab, { parameters }).finally(() =>
      Object.assign(lab.deps, { servedAccounts: before }),
    );
    return new URL(url).searchParams.get("error");
  };

  test("the app names the account, which has to be served and the person's own", async () => {
    expect(await errorFor({ account_id: SEED.accountId })).toBeNull();
    expect(await errorFor({})).toBe("invalid_request");
    expect(await errorFor({ account_id: "99" })).toBe("invalid_request");
    expect(await errorFor({ account_id: SEED.otherAccountId })).toBe("access_denied");
  });

  test("an app that is registered for one account cannot name another", async () => {
    Object.assign(clients.app, { accountId: SEED.accountId });
    const error = await errorFor({ account_id: SEED.otherAccountId }).finally(() => {
      delete clients.app.accountId;
    });
    expect(error).toBeNull();
  });
});

test("a sign-in takes 20 operations of the table, and a renewal seven", async () => {
  const count = { read: 0, compareAndSet: 0, remove: 0 };
  lab.records.faults = {
    before({ operation }) {
      count[operation] += 1;
    },
  };
  const { refresh_token } = await signIn(lab);
  const ofSignIn = { ...count };
  await refresh(lab, refresh_token);
  lab.records.faults = {};
  // docs/decisions/0015-an-oauth-server-of-our-own.md names them.
  expect(ofSignIn).toEqual({ read: 11, compareAndSet: 8, remove: 1 });
  expect(count).toEqual({ read: 16, compareAndSet: 10, remove: 1 });
});

describe("a machine", () => {
  async function credentialsGrant(secret: string, scope: string) {
    const authorization = `Basic ${Buffer.from(`night-job:${secret}`).toString("base64")}`;
    const body = new URLSearchParams({ grant_type: "client_credentials", scope }).toString();
    const headers = { authorization, accept: "application/json" };
    const response = await lab.fetch(`${ISSUER}/oauth/token`, { method: "POST", body, headers });
    return { status: response.status, body: JsonObject.parse(await response.json()) };
  }

  test("gets its registered scopes for its secret, and is no person", async () => {
    const { body } = await credentialsGrant(machineSecret, "account:read ops:read");
    expect(body).toMatchObject({ scope: "account:read", expires_in: 900 });
    const caller = await callerOf(String(body.access_token));
    expect(caller).toMatchObject({ accountId: SEED.accountId, subject: "night-job", isClient: true });
    expect(caller).not.toHaveProperty("signedInWithRingCentral");
  });

  test("gets nothing for another secret, not for its hash either, and an app gets nothing for none", async () => {
    for (const secret of ["wrong", "", clients.machine.secretHash ?? ""]) {
      const { status, body } = await credentialsGrant(secret, "account:read");
      expect([status >= 400, body.access_token]).toEqual([true, undefined]);
    }
    const byApp = await token(lab, { grant_type: "client_credentials", scope: "numbers:read" });
    expect([byApp.status, byApp.access_token]).toEqual([400, ""]);
  });
});

describe("the signing keys", () => {
  const idsOf = async () => {
    const { keys } = Keys.parse(await readJson(`${ISSUER}/oauth/jwks`));
    return keys.map(({ kid }) => kid);
  };

  test("are published before they sign and after, and without their private parts", async () => {
    const { keys } = Keys.parse(await readJson(`${ISSUER}/oauth/jwks`));
    expect(keys.map((key) => Object.keys(key).toSorted())).toEqual(
      Array(2).fill(["alg", "e", "kid", "kty", "n", "use"]),
    );
    const before = await signIn(lab);
    const rotated = withNextKeys(lab.secret, Date.now() + 4 * 3_600_000);
    const { kid } = rotated.signingKeys.next;
    const source = vi.spyOn(lab.deps.secret, "current").mockResolvedValue(rotated);
    expect(await idsOf()).toEqual(["key-2", kid, "key-1"]);
    const after = await refresh(lab, before.refresh_token);
    expect(decodeToken(after.access_token).header.kid).toBe("key-2");
    for (const token of [before.access_token, after.access_token]) {
      expect(await callerOf(token)).toMatchObject({ extensionId: SEED.extensionId });
    }
    const withIdToken = await signIn(lab);
    expect(decodeToken(withIdToken.id_token ?? "").header.kid).toBe("key-2");
    source.mockRestore();
    expect(await idsOf()).toEqual(["key-1", "key-2"]);
  });
});
