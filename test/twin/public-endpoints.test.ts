import { SDK } from "@ringcentral/sdk";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { companyNumbersPath, extensionPath, fetchRead, logIn } from "./http-lab.ts";
import { SEED, startTwin } from "./twin.ts";

const twin = await startTwin({ numbers: 20 });
afterAll(() => twin.close());
beforeEach(() => twin.reset());

const forwarding = `${extensionPath()}/forwarding-number`;
const open = (path: string, init?: RequestInit) =>
  fetchRead<Record<string, unknown>>(`${twin.url}${path}`, init);
const operations = () => twin.requests.map(({ operation }) => operation);

describe("endpoints without a token or a budget", () => {
  test("lead RingCentral's own SDK to its login, when discovery is on", async () => {
    const sdk = new SDK({
      server: twin.url,
      clientId: SEED.clientId,
      clientSecret: SEED.clientSecret,
      enableDiscovery: true,
    });
    await sdk.platform().login({ jwt: SEED.jwt });
    expect((await sdk.platform().get(forwarding)).status).toBe(200);
    expect(operations()).toEqual([
      "initialEntryPoints",
      "token",
      "externalEntryPoints",
      "listForwardingNumbers",
    ]);
  });

  test("say where a login happens", async () => {
    const { body } = await open("/.well-known/openid-configuration");
    expect(body).toMatchObject({ issuer: twin.url, jwks_uri: `${twin.url}/restapi/oauth/jwks` });
    expect((await open("/.well-known/entry-points/initial")).status).toBe(400);
    expect((await open("/.well-known/entry-points/external")).status).toBe(401);
  });

  test("state the version, and whether the platform is in limited mode", async () => {
    expect((await open("/restapi")).body).toMatchObject({ apiVersions: [{ uriString: "v1.0" }] });
    expect((await open("/restapi/v1.0")).body).toMatchObject({ uriString: "v1.0" });
    expect((await open("/restapi/v1.0/status")).status).toBe(200);
    twin.configure({ limitedMode: true });
    expect(await open("/restapi/v1.0/status")).toMatchObject({
      status: 503,
      body: { errors: [{ errorCode: "CMN-211" }] },
    });
    expect(operations()).not.toContain(undefined);
    expect(twin.requests.every(({ group }) => group === undefined)).toBe(true);
  });
});

describe("browsers", () => {
  const origin = "https://app.example";

  test("may ask before a call, without a token and in no budget", async () => {
    const headers = {
      origin,
      "access-control-request-method": "PUT",
      "access-control-request-headers": "authorization, content-type",
    };
    const { status, headers: given } = await open(`${forwarding}/1`, { method: "OPTIONS", headers });
    expect(status).toBe(200);
    expect(given.get("access-control-allow-origin")).toBe(origin);
    expect(given.get("access-control-allow-methods")).toBe("GET, PUT, DELETE, HEAD, OPTIONS");
    expect(given.get("access-control-allow-headers")).toBe("authorization, content-type");
    expect(given.get("x-rate-limit-limit")).toBeNull();
    const token = await open("/restapi/oauth/token", { method: "OPTIONS", headers });
    expect(token.headers.get("access-control-allow-methods")).toBe("POST, OPTIONS");
  });

  test("may read every response of a routed path, and none of another", async () => {
    const rejected = await open(forwarding, { headers: { origin } });
    expect([rejected.status, rejected.headers.get("access-control-allow-origin")]).toEqual([401, origin]);
    expect(rejected.headers.get("access-control-expose-headers")).toContain("X-Rate-Limit-Remaining");
    const elsewhere = await open("/restapi/v1.0/nowhere", { method: "OPTIONS", headers: { origin } });
    expect([elsewhere.status, elsewhere.headers.get("access-control-allow-origin")]).toEqual([404, null]);
    expect((await open(forwarding)).headers.get("access-control-allow-origin")).toBeNull();
  });
});

test("HEAD is a GET without its body, in the same budget; OPTIONS lists the methods", async () => {
  const send = await logIn(twin);
  const get = await send("GET", companyNumbersPath);
  const head = await send("HEAD", companyNumbersPath);
  expect([head.status, head.text]).toEqual([200, ""]);
  expect(head.headers.get("content-length")).toBe(get.headers.get("content-length"));
  expect(head.headers.get("x-rate-limit-remaining")).toBe("8");
  expect((await send("OPTIONS", companyNumbersPath)).headers.get("allow")).toBe("GET, HEAD, OPTIONS");
  expect((await send("HEAD", `${extensionPath()}/nowhere`)).status).toBe(404);
});

test("permissions are listed for Medium and checked for Light, without a permission of the app", async () => {
  const send = await logIn(twin, SEED.jwts.limited, SEED.apps.editOnly);
  const profile = `${extensionPath("~")}/authz-profile`;
  const check = (permissionId: string) => send("GET", `${profile}/check?permissionId=${permissionId}`);
  expect((await send("GET", profile)).headers.get("x-rate-limit-group")).toBe("medium");
  const given = await check("ThirdPartyAppAccess");
  expect(given.headers.get("x-rate-limit-group")).toBe("light");
  expect(given.body).toMatchObject({
    successful: true,
    details: { permission: { id: "ThirdPartyAppAccess" }, scopes: ["Self"] },
  });
  expect((await check("ReadBlockedNumbers")).body).toMatchObject({ successful: false });
  expect((await check("")).status).toBe(400);
});
