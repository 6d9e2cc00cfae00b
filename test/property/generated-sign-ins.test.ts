import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { expectDiscreet } from "../support/generated/judge.ts";
import { RunCount } from "../support/generated/runs.ts";
import { type SignInRequest, signInRequests } from "../support/generated/sign-in-requests.ts";
import {
  Browser,
  clients,
  ISSUER,
  machineSecret,
  type SignInLab,
  signInEvent,
  startSignInLab,
} from "../support/sign-in-lab.ts";
import { SEED } from "../twin/twin.ts";

const REQUESTS = Number(process.env.DEEP_RUNS ?? 60);
if (process.env.DEEP_RUNS !== undefined) vi.setConfig({ testTimeout: 3_600_000 });

let lab: SignInLab;
beforeAll(async () => {
  lab = await startSignInLab();
});
afterAll(() => lab.close());

/** What an app and its user hold, and what they have used already. */
const held = {
  verifier: "x".repeat(43),
  otherVerifier: "y".repeat(43),
  challenge: "",
  code: "none",
  usedCode: "none",
  redirect: "https://app.acme.example/signed-in",
  refresh: "none",
  usedRefresh: "none",
  access: "none",
  state: "none",
  rcCode: "none",
};
/** By code: what it was issued for. */
const codes = new Map<string, { clientId: string; redirectUri: string; challenge: string }>();
/** Those that may be used, with the one that each replaced: that may be repeated until its successor is used. */
const refreshTokens = new Map<string, string>();
let browser = new Browser();

const challengeOf = (verifier: string) => createHash("sha256").update(verifier).digest("base64url");
function newVerifier(): void {
  held.verifier = randomBytes(32).toString("base64url");
  held.challenge = challengeOf(held.verifier);
}

const filled = (text: string) =>
  text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = Object.entries(held).find(([one]) => one === name)?.[1];
    return value === undefined ? whole : encodeURIComponent(value);
  });
const single = (text: string, name: string) => {
  const all = new URLSearchParams(text).getAll(name);
  return all.length === 1 ? all[0] : undefined;
};

async function send(
  request: SignInRequest,
  url = new URL(`${request.path}?${filled(request.query)}`, ISSUER),
) {
  if (!request.hasCookies) browser = new Browser();
  const headers = Object.entries(request.headers).map(([name, value]) => [name, filled(value)]);
  const body = request.body === undefined ? undefined : filled(request.body);
  const sent = { method: request.method, headers: Object.fromEntries(headers), body };
  const response = await lab.serve(signInEvent(browser, url, sent));
  for (const line of response.cookies) browser.keep(line);
  return { ...response, sent: { ...sent, query: url.search.slice(1), body: body ?? "" } };
}
type Response = Awaited<ReturnType<typeof send>>;

const isLoopback = (uri: string) => uri.startsWith("http://127.0.0.1");
/** Registered; on this machine on any port (RFC 8252, 7.3). */
function isRegistered(target: string): boolean {
  const plain = target.replace(/[?#].*$/s, "");
  return Object.values(clients).some(({ redirectUris }) =>
    redirectUris.some(
      (uri) =>
        plain === uri || (isLoopback(uri) && plain.replace(/^(http:\/\/127\.0\.0\.1):\d+\//, "$1/") === uri),
    ),
  );
}

/** Every redirect, and every form that sends itself, leads to RingCentral, to this server or to a registered address. */
function expectTarget({ headers, body }: Response): string | undefined {
  const form = /<form[^>]* action="([^"]*)"/.exec(body)?.[1];
  const target = headers.location ?? form?.replaceAll("&amp;", "&");
  if (target === undefined) return undefined;
  const { href, origin } = new URL(target, ISSUER);
  const isOurs = origin === ISSUER || href.startsWith(`${lab.twin.url}/restapi/oauth/authorize?`);
  if (!isOurs && !isRegistered(target)) throw new Error(`sent to ${target}`);
  return href;
}

/** A token for a code with its verifier, for a refresh token in use, or for a client with its secret: for nothing else. */
function expectEarned({ sent: { body, headers }, ...response }: Response): void {
  if (response.statusCode !== 200) return;
  const { refresh_token: refresh, access_token: access = "" } = JSON.parse(response.body);
  const grant = single(body, "grant_type");
  if (grant === "authorization_code") {
    const issued = codes.get(single(body, "code") ?? "");
    const verifier = single(body, "code_verifier") ?? "";
    expect(issued).toEqual({
      clientId: single(body, "client_id"),
      redirectUri: single(body, "redirect_uri"),
      challenge: challengeOf(verifier),
    });
    codes.delete(single(body, "code") ?? "");
    held.usedCode = single(body, "code") ?? "none";
  } else if (grant === "refresh_token") {
    const used = single(body, "refresh_token") ?? "none";
    expect([...refreshTokens.keys()]).toContain(used);
    refreshTokens.delete(refreshTokens.get(used) ?? "");
    held.usedRefresh = used;
  } else {
    expect(grant).toBe("client_credentials");
    const [, given = ""] = String(headers.authorization).split(" ");
    expect(Buffer.from(given, "base64").toString()).toBe(`night-job:${machineSecret}`);
  }
  held.access = access;
  if (refresh === undefined) return;
  refreshTokens.set(refresh, held.usedRefresh);
  held.refresh = refresh;
}

/** The person logs in at RingCentral; the app is called back, with a code perhaps. */
async function logIn(begun: Response, target: string): Promise<void> {
  const back = new URL(await lab.twin.signIn(target, SEED.extensionId));
  held.state = back.searchParams.get("state") ?? "none";
  held.rcCode = back.searchParams.get("code") ?? "none";
  const followed: SignInRequest = {
    method: "GET",
    path: "",
    query: "",
    headers: {},
    hasCookies: true,
    logsIn: false,
  };
  let next: URL | undefined = back;
  for (let hops = 0; next?.origin === ISSUER && hops < 5; hops += 1) {
    const response = await send(followed, next);
    expect(response.statusCode).toBeLessThan(500);
    const onward = expectTarget(response);
    next = onward === undefined ? undefined : new URL(onward);
    const code = next && next.origin !== ISSUER ? codeIn(next, response.body) : undefined;
    if (code === undefined) continue;
    const query = begun.sent.method === "GET" ? begun.sent.query : begun.sent.body;
    const redirectUri = single(query, "redirect_uri") ?? clients.other.redirectUris[0] ?? "";
    codes.set(code, {
      clientId: single(query, "client_id") ?? "",
      redirectUri,
      challenge: single(query, "code_challenge") ?? "",
    });
    [held.code, held.redirect] = [code, redirectUri];
  }
}

const codeIn = ({ search, hash }: URL, body: string) =>
  new URLSearchParams(search).get("code") ??
  new URLSearchParams(hash.slice(1)).get("code") ??
  /name="code" value="([^"]+)"/.exec(body)?.[1];

test("generated sign-ins get no 5xx, lead to registered addresses only, and give no token that was not earned", async () => {
  const count = new RunCount("Sign-in server");
  const seen = new Set<string>();
  const property = fc.asyncProperty(signInRequests, async (request) => {
    if (held.challenge === "" || codes.size === 0) newVerifier();
    const [path] = request.path.split("?");
    // A signed-in browser is not asked again; most visits are of new ones.
    let response = await send(request);
    expect(response.statusCode).toBeLessThan(500);
    count.add(response.statusCode);
    seen.add(`${path} ${response.statusCode}`);
    let target = expectTarget(response);
    if (path === "/oauth/token") expectEarned(response);
    const begun = response;
    for (let hops = 0; target?.startsWith(`${ISSUER}/`) && request.logsIn && hops < 3; hops += 1) {
      response = await send({ ...request, method: "GET", headers: {}, hasCookies: true }, new URL(target));
      expect(response.statusCode).toBeLessThan(500);
      target = expectTarget(response);
    }
    if (request.logsIn && target?.startsWith(lab.twin.url)) await logIn(begun, target);
    const secrets = [
      machineSecret,
      SEED.clientSecret,
      held.code,
      held.rcCode,
      held.verifier,
      held.refresh,
      held.access,
    ];
    expectDiscreet(
      lab.logged.text().slice(logged),
      secrets.filter((one) => one !== "none"),
    );
    logged = lab.logged.text().length;
  });
  let logged = 0;
  await fc.assert(property, { numRuns: REQUESTS, endOnFailure: true });
  count.end();
  expect([...seen]).toEqual(
    expect.arrayContaining(["/oauth/token 200", "/oauth/token 400", "/oauth/authorize 303"]),
  );
});
