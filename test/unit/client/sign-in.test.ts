import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  createClient,
  SignIn,
  SignInError,
  type SignInOptions,
  unwrap,
} from "../../../lib/client/src/index.ts";
import { clientOnReactNative } from "../../support/react-native.ts";
import { APP, Browser, ISSUER, type SignInLab, startSignInLab, visit } from "../../support/sign-in-lab.ts";
import { SEED } from "../../twin/twin.ts";
import { json, problem } from "./fake-api.ts";

let lab: SignInLab;
beforeAll(async () => {
  lab = await startSignInLab();
});
afterAll(() => lab.close());

const person = `${SEED.accountId}-${SEED.extensionId}`;
const MINUTE_MS = 60_000;
const ME = { params: { path: { extensionId: "me" } } };

let requests: string[] = [];
let isOffline = false;
beforeEach(() => {
  requests = [];
  isOffline = false;
  lab.active.clear();
  lab.ended.length = 0;
});
afterEach(() => vi.useRealTimers());

/** The sign-in server, and an API that shows the token. */
async function fetch(request: Request): Promise<Response> {
  const { url, method, headers } = request;
  const { pathname } = new URL(url);
  requests.push(`${method} ${pathname}`);
  if (isOffline) throw new TypeError("fetch failed");
  if (pathname.startsWith("/v1/")) return api(headers.get("Authorization") ?? "");
  const body = await request.text();
  return lab.fetch(url, { method, headers, ...(body !== "" && { body }) });
}
let api = (token: string): Response => json({ data: { token } });
const tokenCalls = () => requests.filter((line) => line === "POST /oauth/token").length;

function memoryStorage() {
  const items = new Map<string, string>();
  return {
    items,
    getItem: async (key: string) => items.get(key) ?? null,
    setItem: async (key: string, value: string) => void items.set(key, value),
    removeItem: async (key: string) => void items.delete(key),
  };
}

/** The system browser: the person signs in, and the app's address comes back. */
const systemBrowser = async (url: string) => {
  const browser = new Browser();
  const { url: ringcentral } = await visit(lab, browser, url);
  return (await visit(lab, browser, await lab.twin.signIn(ringcentral, SEED.extensionId))).url;
};

function app(options: Partial<SignInOptions> = {}) {
  const storage = memoryStorage();
  const clock = { now: Date.now() };
  const told: string[] = [];
  const signIn = new SignIn({
    issuer: ISSUER,
    clientId: "acme-app",
    redirectUri: APP,
    storage,
    openUrl: systemBrowser,
    fetch,
    now: () => clock.now,
    onSignInRequired: () => void told.push("sign in"),
    ...options,
  });
  const ringfront = createClient({ baseUrl: ISSUER, accessToken: signIn, fetch, retries: false });
  const read = async () => unwrap(await ringfront.GET("/v1/extensions/{extensionId}/overview", ME));
  return { signIn, storage, clock, told, read };
}

describe("signing in", () => {
  test("brings a token to every request, and signing out ends the session at RingCentral", async () => {
    const { signIn, storage, read } = app();
    expect(await signIn.isSignedIn()).toBe(false);
    expect(await signIn.start()).toBe(true);
    expect(await signIn.isSignedIn()).toBe(true);
    expect(await read()).toEqual({ data: { token: `Bearer ${await signIn.accessToken()}` } });
    expect(await signIn.signOut()).toBe(true);
    expect(storage.items.size).toBe(0);
    expect(lab.ended).toEqual([person]);
    await expect(read()).rejects.toMatchObject({ code: "sign_in_required" });
  });

  test("goes on in a page that was left for it, with what is stored", async () => {
    const opened: string[] = [];
    const storage = memoryStorage();
    const left = app({ storage, openUrl: (url) => void opened.push(url) });
    expect(await left.signIn.start()).toBe(false);
    const back = await systemBrowser(opened[0] ?? "");
    const { signIn } = app({ storage });
    expect(await signIn.complete("https://app.acme.example/?page=2")).toBe(false);
    expect(await signIn.complete(`${back}#top`)).toBe(true);
    expect(await signIn.isSignedIn()).toBe(true);
    await expect(signIn.complete(back)).rejects.toMatchObject({ code: "state_mismatch" });
    expect(await signIn.isSignedIn()).toBe(true);
  });

  test.each([
    ["another state", /state=[^&]*/, "state=forged", "state_mismatch"],
    ["another server", /iss=[^&]*/, "iss=https%3A%2F%2Fevil.example", "issuer_mismatch"],
    ["no server", /&iss=[^&]*/, "", "issuer_mismatch"],
  ])("rejects a call back with %s", async (_, from, to, code) => {
    const { signIn } = app({ openUrl: async (url) => (await systemBrowser(url)).replace(from, to) });
    await expect(signIn.start()).rejects.toMatchObject({ name: "SignInError", code });
    expect(await signIn.isSignedIn()).toBe(false);
    expect(tokenCalls()).toBe(0);
  });

  test("is not disturbed by a forged call back", async () => {
    const { signIn } = app({
      openUrl: async (url) => {
        const forged = signIn.complete(`${APP}?code=theirs&state=theirs&iss=${ISSUER}`);
        await expect(forged).rejects.toMatchObject({ code: "state_mismatch" });
        return systemBrowser(url);
      },
    });
    expect(await signIn.start()).toBe(true);
  });

  test("says when the person may not, or does not want to", async () => {
    const cancelled = app({
      openUrl: async (url) => {
        const browser = new Browser();
        const { url: ringcentral } = await visit(lab, browser, url);
        const back = new URL(new URL(ringcentral).searchParams.get("redirect_uri") ?? "");
        const state = new URL(ringcentral).searchParams.get("state") ?? "";
        back.search = String(new URLSearchParams({ error: "access_denied", state }));
        return (await visit(lab, browser, back.href)).url;
      },
    });
    await expect(cancelled.signIn.start()).rejects.toMatchObject({ code: "access_denied" });
    expect(await app({ openUrl: () => undefined }).signIn.start()).toBe(false);
  });

  test("again replaces the session, and revokes the former", async () => {
    const { signIn } = app();
    await signIn.start();
    await signIn.start();
    expect(requests.filter((line) => line === "POST /oauth/revoke")).toHaveLength(1);
    // The session at RingCentral is the new sign-in's.
    expect(lab.ended).toEqual([]);
    expect(await signIn.isSignedIn()).toBe(true);
  });

  test("works with the globals of React Native", async () => {
    const { client, sha256 } = await clientOnReactNative(fetch);
    const storage = memoryStorage();
    const options = {
      issuer: ISSUER,
      clientId: "acme-app",
      redirectUri: APP,
      storage,
      openUrl: systemBrowser,
    };
    await expect(new client.SignIn(options).start()).rejects.toThrow("pass sha256");
    const signIn = new client.SignIn({ ...options, sha256 });
    expect(await signIn.start()).toBe(true);
    const ringfront = client.createClient({ baseUrl: ISSUER, accessToken: signIn });
    const { data } = await ringfront.GET("/v1/extensions/{extensionId}/overview", ME);
    expect(data).toEqual({ data: { token: `Bearer ${await signIn.accessToken()}` } });
    expect(await signIn.signOut()).toBe(true);
  });
});

describe("the access token", () => {
  test("is renewed shortly before it ends, once for all requests", async () => {
    const { signIn, clock, read } = app();
    await signIn.start();
    const first = await signIn.accessToken();
    clock.now += 14 * MINUTE_MS;
    expect(await signIn.accessToken()).toBe(first);
    clock.now += MINUTE_MS;
    const before = tokenCalls();
    await Promise.all([read(), read(), read()]);
    expect(tokenCalls() - before).toBe(1);
    expect(await signIn.accessToken()).not.toBe(first);
  });

  test("is renewed once when the API rejects it as expired, for all requests that had it", async () => {
    const { signIn, read } = app();
    await signIn.start();
    const old = `Bearer ${await signIn.accessToken()}`;
    api = (token) => (token === old ? problem(401, "token_expired") : json({ data: { token } }));
    const before = tokenCalls();
    await Promise.all([read(), read(), read()]);
    expect(await read()).toEqual({ data: { token: `Bearer ${await signIn.accessToken()}` } });
    expect(tokenCalls() - before).toBe(1);
    api = (token) => json({ data: { token } });
  });

  test("keeps the session while there is no connection", async () => {
    const { signIn, clock, told, read } = app();
    await signIn.start();
    clock.now += 20 * MINUTE_MS;
    isOffline = true;
    await expect(read()).rejects.toThrow("fetch failed");
    isOffline = false;
    await read();
    expect(told).toEqual([]);
  });

  test.each([
    ["at once", 1, 0],
    ["by the next request", 2, 0],
    ["too late: the app is told", 2, 61_000],
  ])("is renewed again when the response was lost: %s", async (_, losses, waitMs) => {
    let left = 0;
    const losing = async (request: Request) => {
      const response = await fetch(request);
      if (left === 0 || !request.url.endsWith("/oauth/token")) return response;
      left -= 1;
      throw new TypeError("fetch failed");
    };
    const { signIn, clock, told, read } = app({ fetch: losing });
    await signIn.start();
    clock.now += 20 * MINUTE_MS;
    left = losses;
    if (losses > 1) await expect(read()).rejects.toThrow("fetch failed");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + waitMs });
    const outcome = await read().catch((error: unknown) => error);
    expect(outcome instanceof Error && outcome.name).toBe(waitMs > 0 && "SignInError");
    expect([left, told]).toEqual([0, waitMs > 0 ? ["sign in"] : []]);
  });

  test("keeps the session while the server cannot renew it", async () => {
    let status = 503;
    const failing = async (request: Request) =>
      status !== 200 && request.url.endsWith("/oauth/token")
        ? json({ error: "temporarily_unavailable" }, {}, status)
        : fetch(request);
    const { signIn, clock, told, read } = app({ fetch: failing });
    status = 200;
    await signIn.start();
    for (status of [503, 429, 400]) {
      clock.now += 20 * MINUTE_MS;
      await expect(read()).rejects.toMatchObject({ name: "HttpError", status });
    }
    status = 200;
    await read();
    expect(told).toEqual([]);
  });

  test("of a session that RingCentral has ended is not renewed: the app is told", async () => {
    const { signIn, clock, told, read } = app();
    await signIn.start();
    lab.active.clear();
    clock.now += 20 * MINUTE_MS;
    await expect(read()).rejects.toMatchObject({ name: "SignInError", code: "sign_in_required" });
    expect(told).toEqual(["sign in"]);
    expect(await signIn.isSignedIn()).toBe(false);
  });

  test("that the API rejects with sign_in_required ends the session: the app is told", async () => {
    const { signIn, told, read } = app();
    await signIn.start();
    api = () => problem(401, "sign_in_required");
    await expect(read()).rejects.toMatchObject({ name: "ProblemError", code: "sign_in_required" });
    api = (token) => json({ data: { token } });
    expect(told).toEqual(["sign in"]);
    expect(await signIn.isSignedIn()).toBe(false);
    expect(tokenCalls()).toBe(1);
  });

  test("of a former session ends no newer one", async () => {
    const { signIn, told } = app();
    await signIn.start();
    const former = await signIn.accessToken();
    await signIn.start();
    await signIn.signInRequired(former);
    expect(told).toEqual([]);
    expect(await signIn.isSignedIn()).toBe(true);
  });

  test("of another tab is taken when that was first, where there is no lock", async () => {
    const winner = { accessToken: "theirs", refreshToken: "newer", expiresAt: Date.now() + 90 * MINUTE_MS };
    let isLate = false;
    const { signIn, storage, clock, told } = app({
      fetch: async (request) => {
        if (!isLate || !request.url.endsWith("/oauth/token")) return fetch(request);
        storage.items.set("ringfront-sign-in", JSON.stringify(winner));
        return json({ error: "invalid_grant" }, {}, 400);
      },
    });
    await signIn.start();
    clock.now += 20 * MINUTE_MS;
    isLate = true;
    expect(await signIn.accessToken()).toBe("theirs");
    expect(told).toEqual([]);
  });

  test("is not there when what is stored is damaged", async () => {
    const { signIn, storage } = app();
    storage.items.set("ringfront-sign-in", '{"accessToken":');
    await expect(signIn.accessToken()).rejects.toThrow(SignInError);
  });
});
