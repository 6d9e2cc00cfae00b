import { readFileSync } from "node:fs";
import { afterAll, beforeEach, expect, test } from "vitest";
import {
  basic,
  type ClientCredentials,
  companyNumbersPath,
  extensionPath,
  fetchRead,
  jwtBearer,
  logIn,
  mainApp,
  type Read,
  requestJwtToken,
  requestToken,
} from "./http-lab.ts";
import { createManualClock, SEED, startTwin } from "./twin.ts";

const clock = createManualClock();
const twin = await startTwin({ clock, numbers: 30, limits: { Auth: false } });
afterAll(() => twin.close());
beforeEach(() => twin.reset());

const blocked = `${extensionPath()}/blocked-number`;
const blocking = `${extensionPath()}/caller-blocking/phone-numbers`;
const forwardingOf = (extensionId: string) => `${extensionPath(extensionId)}/forwarding-number`;
const forwarding = forwardingOf(SEED.extensionId);
const mobile = `${forwarding}/${SEED.mobileForwardingId}`;
const free = "+13125550101";

/** One call of the administrator, or of the user who logs in with `jwt` through `app`. */
async function call(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
  return (await logIn(twin))(method, path, body, headers);
}

async function callAs(jwt: string, app: ClientCredentials, method: string, path: string, body?: unknown) {
  return (await logIn(twin, jwt, app))(method, path, body);
}

/** A call with a test's own Authorization header. */
function callWith(authorization?: string): Promise<Read> {
  return fetchRead(`${twin.url}${blocked}`, {
    headers: authorization === undefined ? {} : { authorization },
  });
}

async function rawPost(headers: Record<string, string>): Promise<Read> {
  const { body } = await requestJwtToken(twin);
  return fetchRead(`${twin.url}${blocked}`, {
    method: "POST",
    headers: { authorization: `Bearer ${body.access_token}`, ...headers },
    body: new TextEncoder().encode(JSON.stringify({ phoneNumber: free })),
  });
}

async function faulty(status: number, errorCode: string): Promise<Read> {
  twin.faults.add({ operation: "listBlockedNumbers", kind: "status", status, errorCode });
  return call("GET", blocked);
}

const callback = "https://app.example/callback";

function authorize(query: string, redirectUris: string[] = []): Promise<Read> {
  twin.registerRedirectUris(redirectUris);
  return fetchRead(`${twin.url}/restapi/oauth/authorize?${query}`);
}

/** @returns the code of Ana's sign-in to the main app */
async function signedIn(): Promise<string> {
  twin.registerRedirectUris([callback]);
  const url = `${twin.url}/restapi/oauth/authorize?response_type=code&client_id=${SEED.clientId}`;
  return new URL(await twin.signIn(url, SEED.extensionId)).searchParams.get("code") ?? "";
}

const redeem = (code: string, app?: ClientCredentials): Promise<Read> =>
  requestToken<unknown>(twin, { grant_type: "authorization_code", code }, app);

async function untilInFlight(count: number) {
  while (twin.requests.length < count) await new Promise(setImmediate);
}

const put = { phoneNumber: "+13125550188", type: "Mobile", flipNumber: "2" };

const cases: Record<string, () => Promise<Read>> = {
  "AGW-402 401": () => callWith(),
  "AGW-404 404": () => call("GET", `${extensionPath()}/nowhere`),
  "AWR-180 400": () => call("POST", forwardingOf(SEED.faxExtensionId), { phoneNumber: free }),
  "CMN-100 400": () => call("POST", blocked, { name: "Nobody" }),
  "CMN-101 400": () => call("GET", `${blocked}?perPage=many`),
  "CMN-102 404": () => call("GET", "/restapi/v1.0/account/1/phone-number"),
  "CMN-103 400": () => call("POST", blocked, "{"),
  "CMN-104 400": () => call("POST", blocked, "[]"),
  "CMN-106 400": () => call("DELETE", `${blocking}/${Array.from({ length: 31 }, (_, id) => id)}`),
  "CMN-108 400": () => call("PUT", `${blocked}/4400111000`, { name: "No id" }),
  "CMN-109 403": () => {
    twin.configure({ movedForwardingReads: "CMN-109" });
    const path = "/restapi/v1.0/account/~/extension/~/forwarding-number";
    return callAs(SEED.jwts.otherAccountAdmin, mainApp, "GET", path);
  },
  "CMN-110 400": () => rawPost({}),
  "CMN-120 404": () => call("GET", "/restapi/v1.0/account/~/extension/%zz/blocked-number"),
  "CMN-201 500": () => faulty(500, "CMN-201"),
  "CMN-202 501": () => call("PATCH", forwarding, {}),
  "CMN-211 503": () => {
    twin.configure({ limitedMode: true });
    return call("DELETE", mobile);
  },
  "CMN-203 500": () => faulty(500, "CMN-203"),
  "CMN-301 429": async () => {
    for (let index = 0; index < 10; index += 1) await (await logIn(twin))("GET", companyNumbersPath);
    return call("GET", companyNumbersPath);
  },
  "CMN-302 429": () => callAs(SEED.jwt, SEED.apps.noLimitsDefined, "GET", blocked),
  "CMN-303 429": () => callAs(SEED.jwt, SEED.apps.noPlan, "GET", blocked),
  "CMN-304 429": async () => {
    const send = await logIn(twin);
    twin.faults.add({ kind: "delay", ms: 1_000 });
    const first = send("POST", forwarding, { phoneNumber: free });
    await untilInFlight(2);
    const second = await send("POST", forwarding, { phoneNumber: free });
    clock.advance(1_000);
    expect((await first).status).toBe(200);
    return second;
  },
  "CMN-310 429": () => faulty(429, "CMN-310"),
  "CMN-401 403": () => callAs(SEED.jwt, SEED.apps.readOnly, "POST", blocked, { phoneNumber: free }),
  "CMN-402 403": () => callAs(SEED.jwts.user, mainApp, "GET", `${companyNumbersPath}/900001`),
  "CMN-403 403": () => call("GET", forwardingOf(SEED.queueExtensionId)),
  "CMN-404 403": () => callAs(SEED.jwts.user, mainApp, "GET", forwardingOf(SEED.otherExtensionId)),
  "CMN-405 401": () => callAs(SEED.jwts.notBoundToExtension, mainApp, "GET", companyNumbersPath),
  "CMN-406 400": () => call("POST", blocking, { phoneNumber: "+12025550143" }),
  "CMN-407 400": () => rawPost({ "content-type": "text/plain" }),
  "CMN-408 403": () => callAs(SEED.jwts.limited, mainApp, "GET", forwardingOf("~")),
  "CMN-409 400": () => call("POST", forwarding, { phoneNumber: free, label: "x".repeat(61) }),
  "CMN-411 400": () => call("GET", `${forwarding}?page=1001`),
  "CMN-468 403": () => {
    const path = "/restapi/v1.0/account/~/extension/~/answering-rule";
    return callAs(SEED.jwts.otherAccountAdmin, mainApp, "GET", path);
  },
  "FPN-102 400": () => call("POST", forwarding, { phoneNumber: free, type: "Home" }),
  "FPN-103 400": () => call("POST", forwardingOf(SEED.fullExtensionId), { phoneNumber: free }),
  "FPN-104 400": () =>
    call("POST", forwardingOf(SEED.customFullExtensionId), { phoneNumber: free, label: "Eighth" }),
  "FPN-105 400": () => call("PUT", mobile, { ...put, phoneNumber: SEED.mainNumber }),
  "FPN-106 400": () => call("PUT", mobile, { ...put, flipNumber: "1" }),
  "FPN-108 400": () => call("POST", forwarding, { phoneNumber: "+442079460018" }),
  "OAU-106 403": () => redeem("twin-code-0"),
  "OAU-108 403": async () => {
    const code = await signedIn();
    clock.advance(60_000);
    return redeem(code);
  },
  "OAU-109 403": () => authorize(`client_id=${SEED.clientId}&redirect_uri=${callback}/`, [callback]),
  "OAU-110 403": async () => redeem(await signedIn(), SEED.apps.signIn),
  "OAU-111 400": () => authorize(`client_id=${SEED.clientId}&state=1&state=2`),
  "OAU-112 403": () => authorize(`client_id=${SEED.apps.readOnly.clientId}`),
  "OAU-113 403": () => authorize(`client_id=${SEED.clientId}`),
  "OAU-123 401": () => callWith("Digest abc"),
  "OAU-128 401": async () => {
    const send = await logIn(twin);
    twin.expireTokens();
    return send("GET", blocked);
  },
  "OAU-129 401": () => callWith("Bearer something-else"),
  "OAU-134 401": () => callWith("Bearer"),
  "OAU-140 400": () => requestJwtToken(twin, SEED.jwts.expired),
  "OAU-141 400": () => requestJwtToken(twin, SEED.jwts.disabled),
  "OAU-142 400": () => requestJwtToken(twin, SEED.jwts.suspendedAccount),
  "OAU-146 400": () => requestJwtToken(twin, SEED.jwt, { ...mainApp, clientSecret: "wrong" }),
  "OAU-147 400": () => requestJwtToken(twin, SEED.jwts.lockedOut),
  "OAU-149 401": () => callWith("Bearer {token}"),
  "OAU-151 401": () => callWith(basic(mainApp)),
  "OAU-153 400": () => requestJwtToken(twin, SEED.jwt, { clientId: "" }),
  "OAU-165 400": () => requestJwtToken(twin, SEED.jwt, SEED.apps.sandbox),
  "OAU-210 400": async () => {
    const { body } = await requestJwtToken(twin);
    twin.expireRefreshTokens();
    return requestToken(twin, { grant_type: "refresh_token", refresh_token: body.refresh_token });
  },
  "OAU-213 401": async () => {
    const send = await logIn(twin);
    twin.endSessions();
    return send("GET", blocked);
  },
  "OAU-213 400": () => requestToken(twin, { grant_type: "refresh_token", refresh_token: "twin-rt-0" }),
  "OAU-250 400": () => requestToken(twin, { grant_type: "magic" }),
  "OAU-251 400": () => requestToken(twin, { grant_type: "password", username: "u", password: "p" }),
};

const codeOf = (body: unknown) => {
  const { errors, errorCode } = body as { errors: { errorCode: string }[]; errorCode?: string };
  return errors[0]?.errorCode ?? errorCode;
};

test.each(Object.entries(cases))("%s is returned for the documented input", async (name, reach) => {
  const { body, status } = await reach();
  expect(`${codeOf(body)} ${status}`).toBe(name);
});

test("the README documents exactly these codes", () => {
  const readme = readFileSync(new URL("./README.md", import.meta.url), "utf8");
  const rows = [...readme.matchAll(/^\| ((?:AGW|AWR|CMN|FPN|OAU)-\d+) +\| (\d{3}) +\|/gm)];
  expect(rows.map(([, code, status]) => `${code} ${status}`).sort()).toEqual(Object.keys(cases).sort());
});

test("each group of paths names the missing resource", async () => {
  const found: unknown[] = [];
  for (const path of [
    "/restapi/v1.0/account/1/extension/~/blocked-number",
    `${extensionPath("1")}/blocked-number`,
    `${forwarding}/1`,
    `${blocking}/1`,
    `${companyNumbersPath}/1`,
  ]) {
    const { body } = await call("GET", path);
    found.push((body as { parameterName: string }).parameterName);
  }
  expect(found).toEqual([
    "accountId",
    "extensionId",
    "forwardingNumberId",
    "blockedNumberId",
    "phoneNumberId",
  ]);
});

test.each([
  ["CMN-101 400", { errorCode: "InvalidParameter", parameterName: "perPage" }],
  ["CMN-102 404", { errorCode: "InvalidParameter", parameterName: "accountId" }],
  ["CMN-401 403", { errorCode: "InsufficientPermissions", permissionName: "EditExtensions" }],
  ["CMN-408 403", { errorCode: "CMN-408", permissionName: "ReadUserForwardingFlipNumbers" }],
  ["OAU-213 401", { errorCode: "TokenInvalid" }],
  ["AGW-404 404", { errorCode: "AGW-404", errors: [] }],
] as const)("%s carries its top-level copy", async (name, expected) => {
  expect((await cases[name]?.())?.body).toMatchObject(expected);
});

test("the token endpoint has its own error format", async () => {
  const { body } = await requestToken(twin, { grant_type: "magic" });
  expect(body).toEqual({
    error: "invalid_request",
    error_description: "Unsupported grant type",
    errors: [
      {
        errorCode: "OAU-250",
        message: "Unsupported grant type",
        parameters: [{ parameterName: "grant_type", parameterValue: "magic" }],
      },
    ],
  });
  const missing = await requestToken(twin, { grant_type: jwtBearer });
  expect(missing.body).toMatchObject({ error: "invalid_request", errors: [{ errorCode: "CMN-100" }] });
  const role = await requestJwtToken(twin, SEED.jwts.noThirdPartyApps);
  expect(role).toMatchObject({
    status: 400,
    body: { error: "invalid_client", errors: [{ errorCode: "CMN-408" }] },
  });
  const password = await requestToken(twin, { grant_type: "password" });
  expect(password.body).toMatchObject({ error: "unauthorized_client" });
});

test("EditAccounts includes reading and editing, EditExtensions does not include reading", async () => {
  const { editAccounts, editOnly } = SEED.apps;
  expect((await callAs(SEED.jwt, editAccounts, "GET", blocked)).status).toBe(200);
  expect((await callAs(SEED.jwt, editAccounts, "POST", blocked, { phoneNumber: free })).status).toBe(200);
  expect((await callAs(SEED.jwt, editOnly, "POST", blocking, { phoneNumber: "+12025550199" })).status).toBe(
    200,
  );
  expect(await callAs(SEED.jwt, editOnly, "GET", blocked)).toMatchObject({
    status: 403,
    body: { permissionName: "ReadAccounts" },
  });
});

test("two overrides of the method that disagree are rejected", async () => {
  const headers = { "x-http-method-override": "PUT" };
  expect((await call("POST", `${blocking}/${SEED.blockedNumberId}?_method=DELETE`, {}, headers)).status).toBe(
    400,
  );
  expect(twin.extension(SEED.extensionId).callerBlocking).toHaveLength(5);
});
