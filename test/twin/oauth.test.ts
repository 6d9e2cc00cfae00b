import { afterAll, beforeEach, describe, expect, test } from "vitest";
import {
  basic,
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

const clock = createManualClock();
const twin = await startTwin({ clock, numbers: 30, limits: { Auth: false } });
afterAll(() => twin.close());
beforeEach(() => twin.reset());

const refresh = (token: string) => requestToken(twin, { grant_type: "refresh_token", refresh_token: token });
const probe = (token: string) => sender(twin, token)("GET", `${extensionPath("~")}/blocked-number`);
const codeOf = (body: unknown) => (body as { errors: { errorCode: string }[] }).errors[0]?.errorCode;
const pairOf = ({ access_token, refresh_token }: TokenResponse) => ({ access_token, refresh_token });

describe("a login", () => {
  test("returns the documented fields", async () => {
    const { status, body, headers } = await requestJwtToken(twin);
    expect(status).toBe(200);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(body).toMatchObject({
      token_type: "bearer",
      expires_in: 3600,
      refresh_token_expires_in: 604_800,
      scope: "ReadAccounts EditExtensions",
      owner_id: SEED.adminExtensionId,
    });
    expect(Object.keys(body)).toEqual(expect.arrayContaining(["access_token", "session_id", "endpoint_id"]));
  });

  test("omits the refresh token when the app gets none", async () => {
    twin.configure({ issueRefreshTokens: false });
    expect((await requestJwtToken(twin)).body).not.toHaveProperty("refresh_token");
  });

  test.each([
    ["60", 600],
    ["700", 700],
    ["99999", 3600],
    ["soon", 3600],
  ])("clamps an access token lifetime of %s", async (asked, granted) => {
    const grant = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: SEED.jwt };
    const { body } = await requestToken(twin, { ...grant, access_token_ttl: asked });
    expect(body.expires_in).toBe(granted);
    clock.advance(granted * 1000 - 1);
    expect((await probe(body.access_token)).status).toBe(200);
    clock.advance(1);
    expect(codeOf((await probe(body.access_token)).body)).toBe("OAU-128");
  });

  test("may request fewer permissions than the app has", async () => {
    const { body } = await requestToken(twin, {
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: SEED.jwt,
      scope: "EditExtensions Faxes",
    });
    expect(body.scope).toBe("EditExtensions");
    expect(codeOf((await probe(body.access_token)).body)).toBe("CMN-401");
  });

  test("works for a public client that sends only its id", async () => {
    expect((await requestJwtToken(twin, SEED.jwt, SEED.apps.public)).status).toBe(200);
    const emptySecret = await requestJwtToken(twin, SEED.jwt, { ...SEED.apps.public, clientSecret: "" });
    expect(codeOf(emptySecret.body)).toBe("OAU-153");
  });

  test("that is a user's sixth in an app ends the oldest", async () => {
    const tokens: string[] = [];
    for (let index = 0; index < 5; index += 1) tokens.push((await requestJwtToken(twin)).body.access_token);
    await requestJwtToken(twin, SEED.jwts.user);
    expect((await probe(tokens[0] ?? "")).status).toBe(200);
    await requestJwtToken(twin);
    expect(codeOf((await probe(tokens[0] ?? "")).body)).toBe("OAU-213");
    expect((await probe(tokens[1] ?? "")).status).toBe(200);
  });
});

describe("a refresh", () => {
  test("rotates both tokens, and the former access token stops working at once", async () => {
    const first = (await requestJwtToken(twin)).body;
    const second = (await refresh(first.refresh_token)).body;
    expect(second.access_token).not.toBe(first.access_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(codeOf((await probe(first.access_token)).body)).toBe("OAU-213");
    expect((await probe(second.access_token)).status).toBe(200);
  });

  test("can be replayed for 60 minutes while the new access token is unused", async () => {
    const first = (await requestJwtToken(twin)).body;
    const second = (await refresh(first.refresh_token)).body;
    clock.advance(60 * 60_000 - 1);
    const replay = await refresh(first.refresh_token);
    expect(pairOf(replay.body)).toEqual(pairOf(second));
    clock.advance(1);
    expect(codeOf((await refresh(first.refresh_token)).body)).toBe("OAU-213");
    expect((await refresh(second.refresh_token)).status).toBe(200);
  });

  test("can be replayed for 10 seconds once the new access token is used", async () => {
    const first = (await requestJwtToken(twin)).body;
    const second = (await refresh(first.refresh_token)).body;
    clock.advance(600_000);
    await probe(second.access_token);
    clock.advance(5_000);
    await probe(second.access_token);
    clock.advance(4_999);
    expect(pairOf((await refresh(first.refresh_token)).body)).toEqual(pairOf(second));
    clock.advance(1);
    const late = await refresh(first.refresh_token);
    expect([late.status, late.body]).toMatchObject([400, { error: "invalid_grant" }]);
    expect((await probe(second.access_token)).status).toBe(200);
  });

  test("never accepts a token two rotations old, or one of another app", async () => {
    const first = (await requestJwtToken(twin)).body;
    const second = (await refresh(first.refresh_token)).body;
    const third = (await refresh(second.refresh_token)).body;
    expect(codeOf((await refresh(first.refresh_token)).body)).toBe("OAU-213");
    const form = { grant_type: "refresh_token", refresh_token: third.refresh_token };
    expect(codeOf((await requestToken(twin, form, SEED.apps.public)).body)).toBe("OAU-213");
  });
});

describe("a revocation", () => {
  const revoke = (token: string) =>
    fetchRead(`${twin.url}/restapi/oauth/revoke`, {
      method: "POST",
      headers: { authorization: basic(mainApp) },
      body: new URLSearchParams({ token }),
    });

  test.each(["access_token", "refresh_token"] as const)("of the %s ends the session", async (which) => {
    const { body } = await requestJwtToken(twin);
    expect((await revoke(body[which])).status).toBe(200);
    expect(codeOf((await probe(body.access_token)).body)).toBe("OAU-213");
    expect((await refresh(body.refresh_token)).status).toBe(400);
    expect((await revoke(body[which])).status).toBe(200);
  });
});

test("a JWT credential may be bound to certain apps, and be replaced", async () => {
  const [user] = twin.state.users;
  if (user === undefined) throw new Error("no users");
  user.jwtApps = [SEED.apps.public.clientId];
  expect(codeOf((await requestJwtToken(twin)).body)).toBe("OAU-140");
  expect((await requestJwtToken(twin, SEED.jwt, SEED.apps.public)).status).toBe(200);
  twin.rotateJwt("another-jwt");
  expect(codeOf((await requestJwtToken(twin, SEED.jwt, SEED.apps.public)).body)).toBe("OAU-140");
  expect((await requestJwtToken(twin, "another-jwt", SEED.apps.public)).status).toBe(200);
});

test("a rotated client secret ends the old one, not the sessions", async () => {
  const { body } = await requestJwtToken(twin);
  twin.rotateClientSecret("new-secret");
  expect(codeOf((await requestJwtToken(twin)).body)).toBe("OAU-146");
  const renewed = await requestJwtToken(twin, SEED.jwt, { ...mainApp, clientSecret: "new-secret" });
  expect(renewed.status).toBe(200);
  expect((await probe(body.access_token)).status).toBe(200);
});

test("an access token in the query authenticates, as in RingCentral", async () => {
  const { body } = await requestJwtToken(twin);
  const url = `${twin.url}${companyNumbersPath}?access_token=${body.access_token}`;
  expect((await fetchRead(url)).status).toBe(200);
  const logged = twin.requests.at(-1);
  expect(logged?.query.access_token?.[0]).toMatch(/^sha256:/);
});

test("the log shows no token, secret or JWT credential", async () => {
  const { body } = await requestJwtToken(twin);
  await probe(body.access_token);
  const log = JSON.stringify(twin.requests);
  for (const secret of [body.access_token, SEED.jwt, SEED.clientSecret, basic(mainApp).slice(6)]) {
    expect(log).not.toContain(secret);
  }
});
