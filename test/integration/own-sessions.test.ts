import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { handler as listCompanyNumbers } from "../../functions/account/list-company-numbers.ts";
import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as getOverview } from "../../functions/extensions/get-overview.ts";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as getMe } from "../../functions/operations/get-me.ts";
import { addBlockedNumberRoute, listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import { listCompanyNumbersRoute } from "../../lib/contract/company-numbers.ts";
import { getOverviewRoute } from "../../lib/contract/overview.ts";
import { getMeRoute } from "../../lib/contract/people.ts";
import { systemClock } from "../../lib/platform/clock.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import { createSealingKeys } from "../../lib/platform/sealing-keys.ts";
import { createOAuth } from "../../lib/ringcentral/auth/oauth.ts";
import { StoredSessions } from "../../lib/ringcentral/auth/user-sessions.ts";
import { createTransport } from "../../lib/ringcentral/http/transport.ts";
import { resetRuntime, runtime } from "../../lib/runtime/runtime.ts";
import { invoke, type TestRequest } from "../support/api-gateway.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { type Service, startService } from "../support/service.ts";
import { requestToken, type TokenResponse } from "../twin/http-lab.ts";
import { SEED } from "../twin/twin.ts";

const { accountId, extensionId, otherExtensionId } = SEED;
const CALLBACK = "https://app.example/callback";

let service: Service;
/** Ana's, of our own issuer, and those of an administrator who has signed in too. */
let [ana, admin] = ["", ""];
beforeAll(async () => {
  // The first response says so, and the service takes it over.
  service = await startService({ limits: { Auth: 1_000 } });
  service.twin.registerRedirectUris([CALLBACK]);
  // The issuer of the tests stands for this service's own.
  process.env.SIGN_IN_ISSUER = service.issuer.url;
  delete process.env.AUTH_ISSUER;
  const person = (of: string, scope: string) =>
    service.mint({ aud: service.issuer.url, sub: of, rc_extension_id: of, scope });
  ana = await person(extensionId, "numbers:read numbers:write account:read");
  admin = await person(otherExtensionId, "numbers:read numbers:write account:manage account:read ops:read");
});
beforeEach(async () => {
  await sessions().end(user, soon());
  service.forget();
  service.twin.endSessions();
  resetRuntime();
});
afterAll(() => service.stop());

const soon = () => deadlineIn(10_000, systemClock);

/** As the sign-in server has them. */
function sessions(): StoredSessions {
  const { records, clock, random } = runtime();
  const oauth = createOAuth({ transport: createTransport(), clock, log: createLogger() });
  const sealingKeys = createSealingKeys(process.env.SESSION_SECRET_ID ?? "", clock);
  const appOf = () => runtime().for({ accountId });
  return new StoredSessions({ records, clock, random, oauth, sealingKeys, appOf });
}
const user = { accountId, extensionId };
const live = { "cache-control": "no-cache" };
const list = (request: TestRequest) => invoke(listBlockedNumbers, listBlockedNumbersRoute, request);

/** Ana signs in: the sign-in server exchanges her code and hands the tokens over. */
async function signIn(): Promise<TokenResponse> {
  const url = `${service.twin.url}/restapi/oauth/authorize?response_type=code&client_id=${SEED.clientId}`;
  const location = await service.twin.signIn(url, extensionId);
  const code = new URL(location).searchParams.get("code") ?? "";
  const sentAt = Date.now();
  const form = { grant_type: "authorization_code", code, redirect_uri: CALLBACK };
  const { body } = await requestToken(service.twin, form);
  const { access_token: accessToken, expires_in: expiresInSeconds, refresh_token: refreshToken = "" } = body;
  await sessions().begin(user, { accessToken, expiresInSeconds, refreshToken, sentAt }, soon());
  service.twin.clearRequests();
  return body;
}

/** The access token of each call that reached RingCentral, as the twin logs it: hashed. */
const bearers = () => service.headersSent().map(({ authorization }) => authorization);

describe("a caller who signed in with RingCentral", () => {
  it("is served with their own session and budget for their own extension, and with the service's for the account", async () => {
    await signIn();
    expect((await list({ token: ana })).status).toBe(200);
    const overview = await invoke(getOverview, getOverviewRoute, { token: ana });
    expect(overview.status).toBe(200);
    const [own, ...others] = new Set(bearers());
    expect(others).toEqual([]);
    service.twin.clearRequests();
    expect((await invoke(listCompanyNumbers, listCompanyNumbersRoute, { token: ana })).status).toBe(200);
    expect((await list({ token: admin, path: { extensionId } })).status).toBe(200);
    expect(bearers()).toHaveLength(2);
    expect(bearers()).not.toContain(own);
  });

  it("is asked to sign in when there is no session, or RingCentral has ended it, and the service does not stand in", async () => {
    const rejected = await list({ token: ana, headers: live });
    expect(rejected).toMatchObject({ status: 401, body: { code: "sign_in_required", retryable: false } });
    expectConforms(listBlockedNumbersRoute, rejected);
    expect(service.twin.requests).toEqual([]);
    await signIn();
    service.twin.changePassword(extensionId);
    expect(await list({ token: ana, headers: live })).toMatchObject({
      status: 401,
      body: { code: "sign_in_required" },
    });
    expect(await sessions().state(user)).toBe("ended");
    await signIn();
    expect((await list({ token: ana })).status).toBe(200);
  });

  it("has a new session when the access token is over, and none after the log-out", async () => {
    await signIn();
    expect((await list({ token: ana, headers: live })).status).toBe(200);
    const [first] = bearers();
    service.twin.expireTokens();
    expect((await list({ token: ana, headers: live })).status).toBe(200);
    expect(bearers().at(-1)).not.toBe(first);
    const overview = (parts: string) =>
      invoke(getOverview, getOverviewRoute, { token: ana, query: `parts=${parts}` });
    expect((await overview("direct")).status).toBe(200);
    const change = { token: ana, body: { phoneNumber: "+12025550195" } };
    expect((await invoke(addBlockedNumber, addBlockedNumberRoute, change)).status).toBe(201);
    await sessions().end(user, soon());
    expect(service.twin.sessions.filter(({ user: of }) => of.extensionId === extensionId)).toEqual([]);
    expect(await sessions().state(user)).toBe("none");
    expect((await list({ token: ana, headers: live })).status).toBe(401);
    // One part is still cached.
    expect(await overview("blocked,direct")).toMatchObject({
      status: 401,
      body: { code: "sign_in_required" },
    });
  });

  it("sees a change that the service made, and shares no cached response with it", async () => {
    await signIn();
    const source = async (request: TestRequest) => (await list(request)).body.meta.source;
    const ofAdmin = { token: admin, path: { extensionId } };
    const add = async (request: TestRequest) =>
      (await invoke(addBlockedNumber, addBlockedNumberRoute, request)).status;
    expect(await add({ ...ofAdmin, body: { phoneNumber: "+12025550197" } })).toBe(201);
    expect([await source({ token: ana }), await source({ token: ana })]).toEqual(["live", "cache"]);
    expect([await source(ofAdmin), await source(ofAdmin)]).toEqual(["live", "cache"]);
    const body = { phoneNumber: "+12025550198" };
    expect(await add({ ...ofAdmin, body })).toBe(201);
    const seen = await list({ token: ana });
    expect(seen.body.meta.source).toBe("live");
    expect(seen.body.data).toContainEqual(expect.objectContaining(body));
  });

  it("is told whose budget pays", async () => {
    const me = await invoke(getMe, getMeRoute, { token: ana });
    expect(me.body.data).toMatchObject({ extension: { id: extensionId }, budget: "own" });
    expectConforms(getMeRoute, me);
  });

  it("is paused alone by a 429 of their own budget", async () => {
    await signIn();
    service.twin.faults.add({
      operation: "listBlockedNumbers",
      kind: "status",
      status: 429,
      errorCode: "CMN-301",
      headers: { "Retry-After": "30", "X-Rate-Limit-Group": "light" },
    });
    const paused = { status: 503, body: { code: "upstream_rate_limited" } };
    expect(await list({ token: ana, headers: live })).toMatchObject(paused);
    expect(await list({ token: ana, headers: live })).toMatchObject(paused);
    expect((await list({ token: admin, path: { extensionId }, headers: live })).status).toBe(200);
  });
});
