import { createHash } from "node:crypto";
import { createLocalJWKSet, jwtVerify } from "jose";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import {
  basic,
  type ClientCredentials,
  companyNumbersPath,
  extensionPath,
  fetchRead,
  mainApp,
  requestJwtToken,
  requestToken,
  sender,
  type TokenResponse,
} from "./http-lab.ts";
import { createManualClock, SEED, startTwin } from "./twin.ts";

const callback = "https://app.example/oauth/callback?of=one";
const clock = createManualClock();
const twin = await startTwin({ clock, numbers: 30, limits: { Auth: false }, redirectUris: [callback] });
afterAll(() => twin.close());
beforeEach(() => twin.reset());

const verifier = "a-verifier-of-at-least-forty-three-characters";
const s256 = createHash("sha256").update(verifier).digest("base64url");
const { extensionId: ana, adminExtensionId: marta, limitedExtensionId: kim, disabledExtensionId: tom } = SEED;

/** An authorize URL; an undefined parameter is left out. */
function authorizeUrl(parameters: Record<string, string | undefined> = {}): string {
  const all = { response_type: "code", client_id: SEED.clientId, redirect_uri: callback, ...parameters };
  const url = new URL(`${twin.url}/restapi/oauth/authorize`);
  for (const [name, value] of Object.entries(all)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

const visit = (url: string, init: RequestInit = {}) => fetchRead(url, { redirect: "manual", ...init });
const backAt = async (url: string, as: string = ana) => new URL(await twin.signIn(url, as)).searchParams;
const codeFor = async (parameters = {}, as: string = ana) =>
  (await backAt(authorizeUrl(parameters), as)).get("code") ?? "";
const redeem = (code: string, fields: Record<string, string> = {}, app: ClientCredentials = mainApp) =>
  requestToken<TokenResponse & Record<string, unknown>>(
    twin,
    { grant_type: "authorization_code", code, redirect_uri: callback, ...fields },
    app,
  );
const tokensOf = async (as: string = ana) => (await redeem(await codeFor({}, as))).body;
const refresh = (token: string) => requestToken(twin, { grant_type: "refresh_token", refresh_token: token });
const probe = (token: string) => sender(twin, token)("GET", `${extensionPath("~")}/blocked-number`);
const errorOf = ({ status, body }: { status: number; body: unknown }) => {
  const { error, errors } = body as { error?: string; errors?: { errorCode: string }[] };
  return [status, error, errors?.[0]?.errorCode];
};
const unused = [403, "invalid_grant", "OAU-106"];

describe("the log-in page", () => {
  test("offers everybody, escapes what it shows, and sends a person back with code, lifetime and state", async () => {
    const state = `<&"' ü`;
    const { status, headers } = await visit(authorizeUrl({ state }));
    expect(status).toBe(302);
    const page = await visit(headers.get("location") ?? "");
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    for (const label of ["Ana Ruiz, Acme, extension 102<", "extension 101, administrator", "110, disabled"])
      expect(page.text).toContain(label);
    expect(page.text).toContain('name="state" value="&lt;&amp;&quot;&#39; ü"');
    const location = new URL(await twin.signIn(authorizeUrl({ state }), SEED.emails.user));
    expect(location.href.startsWith(callback)).toBe(true);
    expect(Object.fromEntries(location.searchParams)).toMatchObject({ of: "one", expires_in: "60", state });
  });

  test("goes back without a code when the person cancels", async () => {
    const form = new URLSearchParams(new URL(authorizeUrl({ state: "s" })).search);
    form.set("cancel", "true");
    const { headers } = await visit(`${twin.url}/login`, { method: "POST", body: form });
    const back = new URL(headers.get("location") ?? "").searchParams;
    expect([back.get("error"), back.get("state"), back.get("code")]).toEqual(["access_denied", "s", null]);
  });

  test("takes the authorize request as a form, too", async () => {
    const form = new URLSearchParams(new URL(authorizeUrl()).search);
    const url = `${twin.url}/restapi/oauth/authorize`;
    const { status, headers } = await visit(url, { method: "POST", body: form });
    expect([status, headers.get("location")?.startsWith(`${twin.url}/login?`)]).toEqual([302, true]);
  });

  test("is skipped by signInAs: for a person, or for the login_hint", async () => {
    const ownerAt = async (parameters = {}) => {
      const { headers } = await visit(authorizeUrl(parameters));
      const code = new URL(headers.get("location") ?? "").searchParams.get("code");
      return code === null ? undefined : (await redeem(code)).body.owner_id;
    };
    expect(await ownerAt({ prompt: "none" })).toBeUndefined();
    expect((await backAt(authorizeUrl({ prompt: "none" }))).get("error")).toBe("login_required");
    twin.configure({ signInAs: kim });
    expect(await ownerAt({ prompt: "none" })).toBe(kim);
    twin.configure({ signInAs: "login_hint" });
    expect(await ownerAt({ login_hint: SEED.emails.user })).toBe(ana);
    expect(await ownerAt()).toBeUndefined();
  });

  test("keeps a person who may not log in, or sends them to the app, or lets the token call fail", async () => {
    await expect(twin.signIn(authorizeUrl(), tom)).rejects.toThrow("Login for extension in current state");
    await expect(twin.signIn(authorizeUrl(), SEED.emails.shared)).rejects.toThrow("no such person");
    twin.configure({ signInRejected: "redirect" });
    expect((await backAt(authorizeUrl(), tom)).get("error")).toBe("access_denied");
    twin.configure({ signInRejected: "token" });
    expect(errorOf(await redeem(await codeFor({}, tom)))).toEqual([400, "invalid_grant", "OAU-141"]);
  });
});

describe("an authorize request", () => {
  test.each([
    ["a redirect URI with a slash more", { redirect_uri: `${callback}/` }, [403, "invalid_grant", "OAU-109"]],
    [
      "a redirect URI of another site",
      { redirect_uri: "https://x.example" },
      [403, "invalid_grant", "OAU-109"],
    ],
    ["an unknown client", { client_id: "nobody" }, [400, "invalid_client", "OAU-153"]],
  ])("with %s goes nowhere", async (_, parameters, expected) => {
    for (const path of ["/restapi/oauth/authorize", "/login"]) {
      const result = await visit(authorizeUrl(parameters).replace("/restapi/oauth/authorize", path));
      expect([errorOf(result), result.headers.get("location")]).toEqual([expected, null]);
    }
  });

  test("may omit the redirect URI only while there is one", async () => {
    expect((await visit(authorizeUrl({ redirect_uri: undefined }))).status).toBe(302);
    twin.registerRedirectUris([callback, "https://other.example/"]);
    expect((await visit(authorizeUrl({ redirect_uri: undefined }))).status).toBe(403);
  });

  test.each([
    [{ response_type: "token" }, "unsupported_response_type"],
    [{ response_type: undefined }, "invalid_request"],
    [{ code_challenge: s256, code_challenge_method: "S512" }, "invalid_request"],
    [{ client_id: SEED.apps.public.clientId }, "invalid_request"],
  ])("with %o is told to the app, or not", async (parameters, error) => {
    const url = authorizeUrl({ state: "s", ...parameters });
    const { headers } = await visit(url);
    const back = new URL(headers.get("location") ?? "").searchParams;
    expect([back.get("error"), back.get("state")]).toEqual([error, "s"]);
    twin.configure({ authorizeErrors: "page" });
    expect(errorOf(await visit(url))).toEqual([400, error, "CMN-101"]);
  });
});

describe("a code", () => {
  test.each([
    ["S256", { code_challenge: s256, code_challenge_method: "S256" }],
    ["plain, the default", { code_challenge: verifier }],
  ])("belongs to its verifier: %s", async (_, parameters) => {
    const wrong = verifier.toUpperCase();
    expect((await redeem(await codeFor(parameters), { code_verifier: verifier })).status).toBe(200);
    expect(errorOf(await redeem(await codeFor(parameters), { code_verifier: wrong }))).toEqual(unused);
    expect(errorOf(await redeem(await codeFor(parameters), { code_verifier: s256 }))).toEqual(unused);
    expect(errorOf(await redeem(await codeFor(parameters)))).toEqual(unused);
  });

  test("works once; a second use ends the session of the first, or does not", async () => {
    const code = await codeFor();
    const { body } = await redeem(code);
    twin.configure({ codeReuse: "rejected" });
    expect(errorOf(await redeem(code))).toEqual(unused);
    expect((await probe(body.access_token)).status).toBe(200);
    twin.configure({ codeReuse: "ends-session" });
    expect(errorOf(await redeem(code))).toEqual(unused);
    expect((await probe(body.access_token)).status).toBe(401);
  });

  test("is used up by a failed attempt", async () => {
    const code = await codeFor();
    expect(errorOf(await redeem(code, { redirect_uri: "https://x.example" }))).toEqual([
      403,
      "invalid_grant",
      "OAU-109",
    ]);
    expect(errorOf(await redeem(code))).toEqual(unused);
  });

  test("needs the redirect URI that its request named", async () => {
    const form = { grant_type: "authorization_code", code: await codeFor() };
    expect(errorOf(await requestToken(twin, form))).toEqual([403, "invalid_grant", "OAU-109"]);
    const implied = { ...form, code: await codeFor({ redirect_uri: undefined }) };
    expect((await requestToken(twin, implied)).status).toBe(200);
  });

  test("lives as long as its expires_in says", async () => {
    twin.configure({ codeLifetimeSeconds: 30 });
    const [intime, late] = [await codeFor(), await codeFor()];
    clock.advance(29_999);
    expect((await redeem(intime)).status).toBe(200);
    clock.advance(1);
    expect(errorOf(await redeem(late))).toEqual([403, "invalid_grant", "OAU-108"]);
    twin.configure({ codeErrorStatus: "400" });
    expect((await redeem("twin-code-0")).status).toBe(400);
  });

  test("without a challenge rejects or ignores a verifier", async () => {
    expect(errorOf(await redeem(await codeFor(), { code_verifier: verifier }))).toEqual(unused);
    twin.configure({ unexpectedVerifier: "ignored" });
    expect((await redeem(await codeFor(), { code_verifier: verifier })).status).toBe(200);
  });

  test("of a public client needs PKCE, or does not", async () => {
    const app = SEED.apps.public;
    const pkce = { client_id: app.clientId, code_challenge: verifier };
    expect((await redeem(await codeFor(pkce), { code_verifier: verifier }, app)).status).toBe(200);
    twin.configure({ publicClientPkce: "optional" });
    expect((await redeem(await codeFor({ client_id: app.clientId }), {}, app)).status).toBe(200);
  });
});

describe("the tokens of a code", () => {
  test("name their owner, act as them, and refresh", async () => {
    const { status, body, headers } = await redeem(await codeFor());
    expect([status, headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(body).toMatchObject({ owner_id: ana, expires_in: 3600, refresh_token_expires_in: 604_800 });
    expect(body).not.toHaveProperty("id_token");
    const self = await sender(twin, body.access_token)("GET", extensionPath("~"));
    expect(self.body).toMatchObject({ id: Number(ana), account: { id: SEED.accountId } });
    expect((await refresh(body.refresh_token)).body).toMatchObject({
      owner_id: ana,
      session_id: body.session_id,
    });
    twin.configure({ sessionIdInTokens: false });
    expect(await tokensOf()).not.toHaveProperty("session_id");
  });

  test("may do what their owner may", async () => {
    const statuses = async (as: string) => {
      const send = sender(twin, (await tokensOf(as)).access_token);
      const paths = [`${extensionPath("~")}/blocked-number`, `${extensionPath(kim)}/blocked-number`];
      const results = await Promise.all([...paths, companyNumbersPath].map((path) => send("GET", path)));
      return results.map(({ status, body }) => (status === 200 ? 200 : errorOf({ status, body })[2]));
    };
    expect(await statuses(marta)).toEqual([200, 200, 200]);
    expect(await statuses(SEED.customFullExtensionId)).toEqual([200, "CMN-404", "CMN-408"]);
    expect(await statuses(kim)).toEqual(["CMN-408", "CMN-408", "CMN-408"]);
    twin.setPermissions({ extensionId: kim, user: ["ThirdPartyAppAccess", "ReadBlockedNumbers"] });
    expect(await statuses(kim)).toEqual([200, 200, "CMN-408"]);
  });

  test("have a budget of their owner's, which a JWT log-in of the same person shares", async () => {
    twin.configure({ limits: { Light: 1 } });
    const { fullExtensionId: olu, customFullExtensionId: noor } = SEED;
    const own = await tokensOf();
    const others = await Promise.all([marta, olu, noor].map((each) => tokensOf(each)));
    const jwt = (await requestJwtToken(twin, SEED.jwts.user)).body;
    expect((await probe(own.access_token)).status).toBe(200);
    expect((await probe(jwt.access_token)).status).toBe(429);
    for (const { access_token } of others) expect((await probe(access_token)).status).toBe(200);
  });

  test.each([
    ["default", 604_800],
    ["maximum", 2_592_000],
  ] as const)("have a refresh_token_ttl of the %s at most", async (refreshTtlAboveDefault, granted) => {
    twin.configure({ refreshTtlAboveDefault });
    const { body } = await redeem(await codeFor(), { refresh_token_ttl: "9999999" });
    expect(body.refresh_token_expires_in).toBe(granted);
  });
});

describe("an id_token", () => {
  test.each([
    ["never", "openid", false],
    ["asked", "openid", true],
    ["asked", "profile", false],
    ["always", "profile", true],
  ] as const)("when %s, with scope %s", async (idToken, scope, isIssued) => {
    twin.configure({ idToken });
    const { body } = await redeem(await codeFor({ scope, nonce: "n-1" }));
    expect(typeof body.id_token).toBe(isIssued ? "string" : "undefined");
    if (!isIssued) return;
    const keys = await fetchRead<Parameters<typeof createLocalJWKSet>[0]>(`${twin.url}/restapi/oauth/jwks`);
    const { payload } = await jwtVerify(String(body.id_token), createLocalJWKSet(keys.body), {
      issuer: twin.url,
      audience: SEED.clientId,
      currentDate: new Date(clock.now()),
    });
    expect(payload).toMatchObject({ sub: ana, account_id: SEED.accountId, nonce: "n-1" });
    expect(payload.exp).toBe(Math.floor(clock.now() / 1000) + 3600);
  });

  test("has the claims of userinfo", async () => {
    const { body } = await sender(twin, (await tokensOf()).access_token)("GET", "/restapi/oauth/userinfo");
    expect(body).toMatchObject({ sub: ana, account_id: SEED.accountId, email: SEED.emails.user });
  });
});

describe("a session of the log-in page", () => {
  test("ends when the password changes; one of a JWT credential goes on", async () => {
    const [page, others] = [await tokensOf(), await tokensOf(marta)];
    const jwt = (await requestJwtToken(twin, SEED.jwts.user)).body;
    twin.changePassword(ana);
    expect((await probe(page.access_token)).status).toBe(401);
    expect(errorOf(await refresh(page.refresh_token))).toEqual([400, "invalid_grant", "OAU-213"]);
    for (const token of [jwt, others]) expect((await probe(token.access_token)).status).toBe(200);
  });

  test.each(["Disabled", "Delete"])("ends when the directory says %s", async (change) => {
    const { access_token, refresh_token } = await tokensOf();
    if (change === "Delete") twin.directory.remove(ana);
    else twin.directory.update(ana, { status: "Disabled" });
    expect((await probe(access_token)).status).toBe(401);
    expect((await refresh(refresh_token)).status).toBe(400);
  });

  test("states the administrator's timeout", async () => {
    expect(await tokensOf()).not.toHaveProperty("session_expires_in");
    twin.configure({ absoluteSessionSeconds: 90 });
    const { session_expires_in, session_expiration_time } = await tokensOf();
    expect(session_expires_in).toBe(90);
    expect(Date.parse(String(session_expiration_time))).toBe(clock.now() + 90_000);
  });

  test("ends by a revocation in the query, and shares the five with JWT log-ins", async () => {
    const { access_token, refresh_token } = await tokensOf();
    const url = `${twin.url}/restapi/oauth/revoke?token=${refresh_token}`;
    const form = { "content-type": "application/x-www-form-urlencoded", authorization: basic(mainApp) };
    expect((await visit(url, { method: "POST", headers: form })).status).toBe(200);
    expect((await probe(access_token)).status).toBe(401);
    const first = await tokensOf();
    for (let index = 0; index < 5; index += 1) await requestJwtToken(twin, SEED.jwts.user);
    expect((await probe(first.access_token)).status).toBe(401);
  });
});

describe("the Auth limit", () => {
  beforeEach(() => twin.configure({ limits: { Auth: 3 } }));

  test("is an app's: the authorize page counts in it, or does not", async () => {
    const code = await codeFor();
    const { headers } = await redeem(code);
    expect([headers.get("x-rate-limit-group"), headers.get("x-rate-limit-remaining")]).toEqual(["auth", "1"]);
    expect((await visit(authorizeUrl())).status).toBe(302);
    expect((await visit(authorizeUrl())).status).toBe(429);
    twin.configure({ authorizeCounts: false });
    expect((await visit(authorizeUrl())).status).toBe(302);
    expect((await redeem(code)).status).toBe(429);
  });

  test("is each user's: another is not held up, nor the authorize page", async () => {
    twin.configure({ authLimitPer: "user" });
    let tokens = await tokensOf();
    for (let index = 0; index < 2; index += 1)
      tokens = (await refresh(tokens.refresh_token)).body as typeof tokens;
    expect((await refresh(tokens.refresh_token)).status).toBe(429);
    expect((await requestJwtToken(twin, SEED.jwts.user)).status).toBe(429);
    expect((await tokensOf(marta)).owner_id).toBe(marta);
    for (let index = 0; index < 4; index += 1) expect((await visit(authorizeUrl())).status).toBe(302);
  });
});

test("client credentials in a Basic header are taken as they are, or form-decoded", async () => {
  const encoded = { clientId: "twin%2Dapp", clientSecret: "twin%2Dapp%2Dsecret" };
  const asks = async (app: ClientCredentials) => (await requestJwtToken(twin, SEED.jwt, app)).status;
  expect([await asks(mainApp), await asks(encoded)]).toEqual([200, 400]);
  twin.configure({ basicCredentials: "form-encoded" });
  expect([await asks(mainApp), await asks(encoded)]).toEqual([200, 200]);
  expect(await asks({ clientId: "%", clientSecret: "%" })).toBe(400);
});

test("tests of other processes register redirect URIs, sign people in and end their sessions over HTTP", async () => {
  const control = (command: string, body: object) =>
    fetchRead<{ location: string }>(`${twin.url}/__twin/${command}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
  const uris = ["com.example.app:/back"];
  expect((await control("redirect-uris", { uris, clientId: SEED.clientId })).status).toBe(204);
  expect((await control("redirect-uris", { uris: ["no uri"] })).status).toBe(400);
  const url = authorizeUrl({ redirect_uri: uris[0] });
  const { location } = (await control("sign-in", { url, as: ana })).body;
  expect(location.startsWith("com.example.app:/back?code=")).toBe(true);
  expect((await control("sign-in", { url, as: tom })).status).toBe(400);
  const code = new URL(location).searchParams.get("code") ?? "";
  const { access_token } = (await redeem(code, { redirect_uri: uris[0] ?? "" })).body;
  await control("end-sessions", { extensionId: marta });
  expect((await probe(access_token)).status).toBe(200);
  await control("change-password", { extensionId: ana });
  expect((await probe(access_token)).status).toBe(401);
});
