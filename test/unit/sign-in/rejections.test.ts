import * as oauth from "oauth4webapi";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { RingCentralError } from "../../../lib/ringcentral/api/errors.ts";
import { StorageUnavailable } from "../../../lib/storage/errors.ts";
import {
  APP,
  authorize,
  Browser,
  type Flow,
  hop,
  ISSUER,
  refresh,
  type SignInLab,
  signIn,
  startSignInLab,
  token,
  visit,
} from "../../support/sign-in-lab.ts";
import { SEED } from "../../twin/twin.ts";

let lab: SignInLab;
beforeAll(async () => {
  lab = await startSignInLab();
});
afterAll(() => lab.close());
afterEach(() => {
  lab.records.faults = {};
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Time moves, and everything else stands still. */
function moveTime(seconds: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + seconds * 1000 });
}

const redeem = (code: string, fields: Record<string, string> = {}) =>
  token(lab, { grant_type: "authorization_code", code, redirect_uri: APP, ...fields });

async function codeOf(flow: Flow = {}) {
  const { url, verifier } = await authorize(lab, flow);
  return { code: new URL(url).searchParams.get("code") ?? "", code_verifier: verifier };
}

/** A visit up to RingCentral's page, with its address. */
async function atRingCentral(browser = new Browser()) {
  const verifier = oauth.generateRandomCodeVerifier();
  const parameters = {
    client_id: "acme-app",
    redirect_uri: APP,
    response_type: "code",
    scope: "numbers:read",
    state: "app-state",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  };
  const { url } = await visit(lab, browser, `/oauth/authorize?${new URLSearchParams(parameters)}`);
  return { browser, url, verifier };
}

describe("an authorization request", () => {
  test.each([
    ["an unknown redirect URI", { redirect_uri: "https://evil.example/signed-in" }],
    ["a longer path", { redirect_uri: `${APP}/more` }],
    ["a query", { redirect_uri: `${APP}?next=https://evil.example` }],
    ["another loopback path", { redirect_uri: "http://127.0.0.1:5000/other" }],
    ["a registered host below another", { redirect_uri: "https://app.acme.example.evil.example/signed-in" }],
    ["no redirect URI", { redirect_uri: "" }],
    ["an unknown client", { client_id: "nobody" }],
    ["a machine as client", { client_id: "night-job" }],
  ])("with %s is answered here, and redirects nowhere", async (_, parameters) => {
    const { response, url } = await authorize(lab, { parameters });
    expect([response.status, response.headers.get("location")]).toEqual([400, null]);
    expect(url.startsWith(`${ISSUER}/oauth/authorize`)).toBe(true);
    const page = await response.text();
    expect(page).not.toContain("<script");
    expect(page).not.toContain("evil.example");
    expect(response.headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; style-src 'sha256-/,
    );
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test.each([
    ["no challenge", { code_challenge: "", code_challenge_method: "" }, "invalid_request"],
    ["a plain challenge", { code_challenge_method: "plain" }, "invalid_request"],
    ["another response type", { response_type: "token" }, "unsupported_response_type"],
    ["another resource", { resource: "https://other.example" }, "invalid_target"],
    ["prompt=none", { prompt: "none" }, "login_required"],
  ])("with %s goes back to the app with an error, before any log-in", async (_, parameters, error) => {
    const { url } = await authorize(lab, { parameters });
    const back = new URL(url);
    expect(back.href.startsWith(APP)).toBe(true);
    const values = Object.fromEntries(
      back.searchParams.size > 0 ? back.searchParams : new URLSearchParams(back.hash.slice(1)),
    );
    expect(values).toMatchObject({ error, state: "app-state", iss: ISSUER });
  });

  test("makes its addresses from the issuer's, not from what the request says of its host", async () => {
    const headers = { host: "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "http" };
    const url = `${ISSUER}/.well-known/openid-configuration`;
    expect(await (await lab.fetch(url, { headers })).text()).not.toContain("evil.example");
  });
});

describe("a code", () => {
  test("works once; used again, it ends what it gave", async () => {
    const { code, code_verifier } = await codeOf();
    const { refresh_token } = await redeem(code, { code_verifier });
    expect((await redeem(code, { code_verifier })).error).toBe("invalid_grant");
    expect((await refresh(lab, refresh_token)).error).toBe("invalid_grant");
  });

  test("works for one of two requests at the same time", async () => {
    const { code, code_verifier } = await codeOf();
    const both = await Promise.all([redeem(code, { code_verifier }), redeem(code, { code_verifier })]);
    expect(both.filter(({ access_token }) => access_token !== "").length).toBeLessThan(2);
    for (const { refresh_token } of both.filter((one) => one.refresh_token !== "")) {
      expect((await refresh(lab, refresh_token)).error).toBe("invalid_grant");
    }
  });

  test.each([
    ["another verifier", { code_verifier: oauth.generateRandomCodeVerifier() }],
    ["no verifier", { code_verifier: "" }],
    ["another client", { client_id: "other-app" }],
    ["another redirect URI", { redirect_uri: "http://127.0.0.1/signed-in" }],
  ])("is worth nothing with %s, and is still the app's", async (_, fields) => {
    const { code, code_verifier } = await codeOf();
    const { status, error, access_token } = await redeem(code, { code_verifier, ...fields });
    expect([status, access_token]).toEqual([400, ""]);
    expect(["invalid_grant", "invalid_request"]).toContain(error);
    expect((await redeem(code, { code_verifier })).status).toBe(200);
  });

  test("dies after a minute", async () => {
    const { code, code_verifier } = await codeOf();
    moveTime(61);
    expect((await redeem(code, { code_verifier })).error).toBe("invalid_grant");
  });
});

describe("a refresh token", () => {
  test("whose successor has been used ends the session, the newest token included", async () => {
    const { refresh_token } = await signIn(lab);
    const next = await refresh(lab, refresh_token);
    const newest = await refresh(lab, next.refresh_token);
    expect([next.status, newest.status]).toEqual([200, 200]);
    expect((await refresh(lab, refresh_token)).error).toBe("invalid_grant");
    expect((await refresh(lab, newest.refresh_token)).error).toBe("invalid_grant");
  });

  test("may be used again for a minute after its first use, by its app: the response may have been lost", async () => {
    const { refresh_token } = await signIn(lab);
    await refresh(lab, refresh_token);
    moveTime(59);
    expect((await refresh(lab, refresh_token, { client_id: "other-app" })).error).toBe("invalid_grant");
    const { refresh_token: second } = await refresh(lab, refresh_token);
    expect((await refresh(lab, second)).status).toBe(200);
  });

  test("used again after a minute ends the session, also when its successor has not been used", async () => {
    const { refresh_token } = await signIn(lab);
    const first = await refresh(lab, refresh_token);
    moveTime(59);
    const second = await refresh(lab, refresh_token);
    moveTime(2);
    expect((await refresh(lab, refresh_token)).error).toBe("invalid_grant");
    for (const one of [first, second]) {
      expect(one.status).toBe(200);
      expect((await refresh(lab, one.refresh_token)).error).toBe("invalid_grant");
    }
  });

  test("with two successors goes on by one of them; a use of the other ends the session", async () => {
    const { refresh_token } = await signIn(lab);
    const [thiefs, owners] = [await refresh(lab, refresh_token), await refresh(lab, refresh_token)];
    const next = await refresh(lab, owners.refresh_token);
    expect(next.status).toBe(200);
    expect((await refresh(lab, thiefs.refresh_token)).error).toBe("invalid_grant");
    expect((await refresh(lab, next.refresh_token)).error).toBe("invalid_grant");
  });

  test("is worth nothing to another client, nor for more scopes", async () => {
    const { refresh_token } = await signIn(lab, { scope: "numbers:read" });
    expect((await refresh(lab, refresh_token, { client_id: "other-app" })).error).toBe("invalid_grant");
    expect((await refresh(lab, refresh_token, { scope: "numbers:write" })).error).toBe("invalid_scope");
    expect((await refresh(lab, refresh_token)).status).toBe(200);
  });

  test("dies after 30 days without use, and with its grant after 180", async () => {
    const idle = await signIn(lab);
    moveTime(30 * 86_400 + 1);
    expect((await refresh(lab, idle.refresh_token)).error).toBe("invalid_grant");
    vi.useRealTimers();
    let { refresh_token } = await signIn(lab);
    for (let days = 0; days < 175; days += 25) {
      moveTime(25 * 86_400);
      ({ refresh_token } = await refresh(lab, refresh_token));
      expect(refresh_token).not.toBe("");
    }
    moveTime(25 * 86_400);
    expect((await refresh(lab, refresh_token)).error).toBe("invalid_grant");
  });
});

describe("the callback", () => {
  /** What a forged callback must not change. */
  const state = () => [lab.records.dump().length, lab.taken.length, lab.active.size];

  test("needs the cookie of its own visit, unaltered, and the visit's state", async () => {
    const [own, foreign] = [await atRingCentral(), await atRingCentral()];
    const back = await lab.twin.signIn(own.url, SEED.extensionId);
    const before = state();
    const forged = new Browser();
    for (const [name, cookie] of foreign.browser.cookies) forged.cookies.set(name, cookie);
    for (const [name, cookie] of own.browser.cookies)
      if (!name.includes(".sig")) forged.cookies.set(name, cookie);
    for (const browser of [new Browser(), foreign.browser, forged]) {
      const { response } = await visit(lab, browser, back);
      expect([response.status, await response.text()]).toEqual([
        400,
        expect.stringContaining("another browser"),
      ]);
    }
    const withoutState = new URL(back);
    withoutState.searchParams.delete("state");
    const otherState = new URL(back);
    otherState.searchParams.set("state", new URL(foreign.url).searchParams.get("state") ?? "");
    for (const url of [withoutState, otherState]) {
      expect((await visit(lab, own.browser, url.href)).response.status).toBe(400);
    }
    expect(state()).toEqual(before);
    // The visit itself goes on.
    expect((await visit(lab, own.browser, back)).url).toContain(`${APP}?code=`);
  });

  test("has a cookie that no other host can set, and no script can read", async () => {
    const url = "/oauth/authorize?client_id=acme-app";
    const full = `${url}&${new URLSearchParams({ redirect_uri: APP, response_type: "code", scope: "numbers:read", code_challenge: "c".repeat(43), code_challenge_method: "S256" })}`;
    const set = await lab.cookiesOf(full);
    const [cookie = ""] = set.filter((line) => line.startsWith("__Host-sign-in="));
    expect(cookie).toMatch(/; path=\/(;|$)/i);
    for (const attribute of ["secure", "httponly", "samesite=lax"]) {
      expect(cookie.toLowerCase()).toContain(attribute);
    }
    expect(cookie.toLowerCase()).not.toContain("domain");
    for (const line of set) expect(line.toLowerCase()).toMatch(/secure.*httponly|httponly.*secure/);
  });

  test.each(["GET", "HEAD"])(
    "that was never begun is no fault of the server (%s), whatever its address says",
    async (method) => {
      const url = `${ISSUER}/oauth/authorize/x?client_id=acme-app&code=x`;
      expect((await lab.fetch(url, { method })).status).toBe(400);
    },
  );

  test("takes no id token of another visit", async () => {
    lab.twin.configure({ idToken: "always" });
    const own = await atRingCentral();
    const back = new URL(await lab.twin.signIn(own.url, SEED.extensionId));
    const other = new URL(own.url);
    other.searchParams.set("nonce", "of-another-visit");
    const foreign = new URL(await lab.twin.signIn(other.href, SEED.extensionId));
    const rejected = await visit(lab, own.browser, foreign.href);
    const taken = await visit(lab, own.browser, back.href);
    lab.twin.configure({ idToken: "never" });
    expect(rejected.response.status).toBe(502);
    expect(taken.url).toContain(`${APP}?code=`);
  });

  test("takes no answer of another issuer (mix-up)", async () => {
    const { url, browser } = await atRingCentral();
    const back = new URL(await lab.twin.signIn(url, SEED.extensionId));
    back.searchParams.set("iss", "https://evil.example");
    const before = state();
    expect((await visit(lab, browser, back.href)).response.status).toBe(400);
    expect(state()).toEqual(before);
  });

  test("names its issuer to the app, which can tell it from another's (mix-up)", async () => {
    const { url } = await authorize(lab);
    const evil = { issuer: "https://evil.example" };
    const validate = () =>
      oauth.validateAuthResponse(evil, { client_id: "acme-app" }, new URL(url), "app-state");
    expect(validate).toThrow(/issuer/);
  });

  test("sends a page that is loaded again on, without a second use of RingCentral's code", async () => {
    const { url, browser } = await atRingCentral();
    const back = await lab.twin.signIn(url, SEED.extensionId);
    const first = await hop(lab, browser, back);
    const calls = lab.taken.length;
    const second = await hop(lab, browser, back);
    expect(second.headers.get("location")).toBe(first.headers.get("location"));
    expect(lab.taken.length).toBe(calls);
    expect((await visit(lab, browser, second.headers.get("location") ?? "")).url).toContain("?code=");
    expect((await hop(lab, browser, back)).status).toBe(400);
  });

  test("tells the app when the person cancels, or is of another account", async () => {
    const cancelled = await atRingCentral();
    const { searchParams } = new URL(cancelled.url);
    const answer = new URLSearchParams({ error: "access_denied", state: searchParams.get("state") ?? "" });
    const { url } = await visit(lab, cancelled.browser, `/oauth/callback?${answer}`);
    expect(url).toContain("error=access_denied");
    const stranger = await authorize(lab, { as: SEED.otherAccountExtensionId });
    expect(stranger.url).toContain("error=access_denied");
    expect(lab.active.has(`${SEED.otherAccountId}-${SEED.otherAccountExtensionId}`)).toBe(false);
    expect(lab.twin.requests.at(-1)?.path).toBe("/restapi/oauth/revoke");
  });

  test.each<[name: string, path: RegExp, change: object, status?: number]>([
    ["names another owner than the API", /\/oauth\/token$/, { owner_id: SEED.otherExtensionId }],
    ["gives no refresh token", /\/oauth\/token$/, { refresh_token: undefined }],
    ["says that the extension is disabled", /\/extension\/~$/, { status: "Disabled" }],
    ["does not say whose the token is", /\/extension\/~$/, {}, 403],
  ])("begins no session when RingCentral %s", async (_, path, change, status) => {
    const { fetch } = globalThis;
    vi.spyOn(globalThis, "fetch").mockImplementation(async (url, init) => {
      const response = await fetch(url, init);
      if (!path.test(String(url))) return response;
      const { headers, status: sent } = response;
      const body = JSON.stringify({ ...JSON.parse(await response.text()), ...change });
      return new Response(body, { status: status ?? sent, headers });
    });
    lab.active.clear();
    const { url } = await authorize(lab);
    expect([new URL(url).searchParams.get("error"), lab.active.size]).toEqual(["access_denied", 0]);
  });

  test("completes a log-in while the client secret changes, and says that it is no fault of the person's when none works", async () => {
    const { credentials, versions, twin } = lab;
    const changed = { ...credentials, clientSecret: "another-secret" };
    twin.rotateClientSecret(changed.clientSecret);
    versions.all = [changed, credentials];
    expect((await authorize(lab)).url).toContain(`${APP}?code=`);
    versions.all = [credentials];
    const { response } = await authorize(lab);
    expect([response.status, await response.text()]).toEqual([500, expect.stringContaining("some seconds")]);
    twin.rotateClientSecret(credentials.clientSecret);
  });

  test("starts again when RingCentral's code is late", async () => {
    const { url, browser } = await atRingCentral();
    const back = await lab.twin.signIn(url, SEED.extensionId);
    lab.twin.faults.clear();
    const late = new URL(back);
    late.searchParams.set("code", "unknown");
    const { response } = await visit(lab, browser, late.href);
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringContaining('href="/oauth/callback"'),
    ]);
    const { url: repeated } = await visit(lab, browser, "/oauth/callback");
    const finished = await visit(lab, browser, await lab.twin.signIn(repeated, SEED.extensionId));
    expect(finished.url).toContain(`${APP}?code=`);
  });

  test.each([
    ["soon: the code still lives", 12_000, "12", /refresh" content="12;url=\/oauth\/callback\?code=/],
    ["late: the log-in is repeated", 50_000, "50", /refresh" content="50;url=\/oauth\/callback">/],
  ])("says when to try again while no token call is left (%s)", async (_, retryAfterMs, after, link) => {
    const { url, browser } = await atRingCentral();
    const back = await lab.twin.signIn(url, SEED.extensionId);
    const failure = { kind: "rate_limited", operation: "tokenCall", mayHaveTakenEffect: false } as const;
    vi.spyOn(lab.tokenCalls, "take").mockRejectedValueOnce(
      new RingCentralError({ ...failure, retryAfterMs }),
    );
    const { response } = await visit(lab, browser, back);
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, after]);
    expect(await response.text()).toMatch(link);
    expect((await visit(lab, browser, back)).url).toContain(`${APP}?code=`);
  });
});

test("without the table the server says to try again", async () => {
  const { refresh_token } = await signIn(lab);
  const { url, browser } = await atRingCentral();
  const back = await lab.twin.signIn(url, SEED.extensionId);
  lab.records.faults = {
    before() {
      throw new StorageUnavailable("away");
    },
  };
  const away = await refresh(lab, refresh_token);
  expect([away.status, away.error, away.retryAfter]).toEqual([503, "temporarily_unavailable", "5"]);
  expect((await visit(lab, browser, back)).response.status).toBe(503);
  lab.records.faults = {};
  expect((await visit(lab, browser, back)).url).toContain(`${APP}?code=`);
  expect((await refresh(lab, refresh_token)).status).toBe(200);
});

test("a dump of the table holds no token, code or cookie, and nothing in it can be used", async () => {
  const { access_token, refresh_token, code, browser } = await signIn(lab);
  const open = await atRingCentral();
  const { refresh_token: next } = await refresh(lab, refresh_token);
  const cookies = [...browser.cookies.values(), ...open.browser.cookies.values()].map(({ value }) => value);
  const grants = [...lab.active.values()].flatMap((grant) => [grant.accessToken, grant.refreshToken]);
  const secrets = [
    access_token,
    refresh_token,
    next,
    code,
    ...cookies,
    ...grants,
    lab.credentials.clientSecret,
  ];
  const records = lab.records.dump();
  const dump = JSON.stringify(records);
  expect(cookies.length).toBeGreaterThan(1);
  for (const secret of secrets) expect(dump).not.toContain(secret);
  expect(lab.logged.text()).not.toContain(refresh_token);
  // Each text in it, sent as a token, a code or a cookie.
  const texts = new Set(dump.match(/[A-Za-z0-9_-]{20,}/g));
  expect(texts.size).toBeGreaterThan(5);
  for (const text of texts) {
    expect((await refresh(lab, text)).error).toBe("invalid_grant");
    expect((await redeem(text)).error).toBeDefined();
  }
});
