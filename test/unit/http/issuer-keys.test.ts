import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createIssuerKeys } from "../../../lib/http/issuer-keys.ts";

const MINUTE = 60_000;
const ISSUER = "https://issuer.example";

const jwkOf = (kid: string, modulusLength = 2048) => ({
  ...generateKeyPairSync("rsa", { modulusLength }).publicKey.export({ format: "jwk" }),
  kid,
  use: "sig",
  alg: "RS256",
});
const first = jwkOf("first");
const second = jwkOf("second");

/** An issuer with a clock, its log of requests and its responses. */
function lab(configured = ISSUER) {
  const issuer = {
    now: 0,
    keys: [first] as unknown[],
    asked: [] as string[],
    isDown: false,
    discovery: { issuer: ISSUER, jwks_uri: "https://keys.example/jwks" } as unknown,
  };
  const clock = { now: () => issuer.now, sleep: async () => {} };
  const { find: findKeys } = createIssuerKeys(configured, clock, async (url) => {
    issuer.asked.push(url.href);
    if (issuer.isDown) throw new Error("no response");
    if (url.href.endsWith("/.well-known/openid-configuration")) return issuer.discovery;
    if (url.pathname === "/gone") throw new Error("HTTP 404");
    return { keys: issuer.keys };
  });
  const find = async (kid: string, alg = "RS256") => (await findKeys({ kid, alg })).map((key) => key.kid);
  return Object.assign(issuer, { find, findKeys });
}

describe("the issuer's keys", () => {
  test("are found through its discovery document", async () => {
    const issuer = lab();
    expect(await issuer.find("first")).toEqual(["first"]);
    expect(issuer.asked).toEqual([
      "https://issuer.example/.well-known/openid-configuration",
      "https://keys.example/jwks",
    ]);
  });

  test("are read once for concurrent requests", async () => {
    const issuer = lab();
    await Promise.all([issuer.find("first"), issuer.find("first"), issuer.find("first")]);
    expect(issuer.asked).toHaveLength(2);
  });

  test("are read again after ten minutes", async () => {
    const issuer = lab();
    await issuer.find("first");
    issuer.now += 9 * MINUTE;
    await issuer.find("first");
    expect(issuer.asked).toHaveLength(2);
    issuer.now += MINUTE;
    await issuer.find("first");
    expect(issuer.asked).toHaveLength(4);
  });

  test("are read again at once for a new key, but not for each forged one", async () => {
    const issuer = lab();
    await issuer.find("first");
    issuer.keys = [first, second];
    issuer.now += 29_000;
    expect(await issuer.find("second")).toEqual([]);
    expect(issuer.asked).toHaveLength(2);
    issuer.now += 1_000;
    expect(await issuer.find("second")).toEqual(["second"]);
    expect(issuer.asked).toHaveLength(4);
  });

  test("are rejected from ten minutes after the issuer withdraws them", async () => {
    const issuer = lab();
    await issuer.find("first");
    issuer.keys = [second];
    issuer.now += 10 * MINUTE;
    expect(await issuer.find("first")).toEqual([]);
  });

  test("stay usable for an hour while the issuer is down, without a call for every request", async () => {
    const issuer = lab();
    await issuer.find("first");
    issuer.isDown = true;
    issuer.now += 10 * MINUTE;
    for (let request = 0; request < 5; request += 1) expect(await issuer.find("first")).toEqual(["first"]);
    issuer.now += 29_000;
    await issuer.find("first");
    expect(issuer.asked).toHaveLength(3);
    issuer.now += 1_000;
    await issuer.find("first");
    expect(issuer.asked).toHaveLength(4);
    issuer.now += 50 * MINUTE;
    await expect(issuer.find("first")).rejects.toThrow("no response");
  });

  test("are asked for once in five seconds while the issuer fails, not once per token", async () => {
    const issuer = lab();
    issuer.isDown = true;
    for (let token = 0; token < 60; token += 1) {
      await expect(issuer.find(`forged-${token}`)).rejects.toThrow("no response");
    }
    expect(issuer.asked).toHaveLength(1);
    issuer.isDown = false;
    issuer.now += 5_000;
    expect(await issuer.find("first")).toEqual(["first"]);
  });

  test("are not asked for by each unknown kid of an issuer that has failed since", async () => {
    const issuer = lab();
    await issuer.find("first");
    issuer.isDown = true;
    issuer.now += 30_000;
    for (let token = 0; token < 60; token += 1) {
      await expect(issuer.find(`forged-${token}`)).rejects.toThrow("no response");
    }
    expect(issuer.asked).toHaveLength(3);
    expect(await issuer.find("first")).toEqual(["first"]);
    const failure = await issuer.find("forged").catch((error: unknown) => error);
    expect(failure).toMatchObject({ until: issuer.now + 30_000 });
  });

  test("are found again when their address has moved", async () => {
    const issuer = lab();
    await issuer.find("first");
    issuer.discovery = { issuer: ISSUER, jwks_uri: "https://keys.example/moved" };
    issuer.keys = [second];
    issuer.now += 30_000;
    expect(await issuer.find("second")).toEqual(["second"]);
    expect(issuer.asked.at(-1)).toBe("https://keys.example/moved");
  });

  test("are found again after an address that was gone", async () => {
    const issuer = lab();
    issuer.discovery = { issuer: ISSUER, jwks_uri: "https://keys.example/gone" };
    await expect(issuer.find("first")).rejects.toThrow("HTTP 404");
    issuer.discovery = { issuer: ISSUER, jwks_uri: "https://keys.example/jwks" };
    issuer.now += 5_000;
    expect(await issuer.find("first")).toEqual(["first"]);
  });

  test.each([
    ["no document at all", "<html>"],
    ["no address for the keys", { issuer: ISSUER }],
    ["an address that is not http", { issuer: ISSUER, jwks_uri: "file:///etc/keys" }],
    ["an address without TLS", { issuer: ISSUER, jwks_uri: "http://keys.example/jwks" }],
    [
      "the document of another issuer",
      { issuer: "https://other.example", jwks_uri: "https://keys.example/jwks" },
    ],
    ["the issuer with a slash more", { issuer: `${ISSUER}/`, jwks_uri: "https://keys.example/jwks" }],
  ])("cannot be found through %s", async (_, discovery) => {
    const issuer = Object.assign(lab(), { discovery });
    await expect(issuer.find("first")).rejects.toThrow();
    expect(issuer.asked).toHaveLength(1);
  });

  test("of an issuer with a trailing slash are found as its metadata spell it", async () => {
    const issuer = lab(`${ISSUER}/`);
    issuer.discovery = { issuer: `${ISSUER}/`, jwks_uri: "https://keys.example/jwks" };
    expect(await issuer.find("first")).toEqual(["first"]);
    expect(issuer.asked[0]).toBe("https://issuer.example/.well-known/openid-configuration");
  });

  test("may be reached without TLS by an issuer without TLS, as on one machine", async () => {
    const issuer = lab("http://127.0.0.1:3001");
    issuer.discovery = { issuer: "http://127.0.0.1:3001", jwks_uri: "http://127.0.0.1:3001/jwks" };
    expect(await issuer.find("first")).toEqual(["first"]);
  });

  test("are used beside odd entries, which are ignored (RFC 7517, 5)", async () => {
    const issuer = lab();
    const odd = [
      null,
      "key",
      {},
      { kty: "RSA", kid: "first" },
      { ...first, n: "%" },
      { ...first, kid: 7 },
      { kty: "QUANTUM", kid: "first" },
      { kty: "EC", crv: "P-256", x: "AA", y: "AA", kid: "first" },
      { ...second, kid: "first", use: "enc" },
      jwkOf("first", 1024),
    ];
    issuer.keys = [...odd, first, ...odd];
    expect(await issuer.find("first")).toEqual(["first"]);
  });

  test.each([[["key"]], [[{ ...first, kid: undefined }]], [[]]])("are not taken from %j", async (keys) => {
    const issuer = Object.assign(lab(), { keys });
    await expect(issuer.find("first")).rejects.toThrow("no RSA signing key with a kid");
  });

  test("that share a kid are all found, except those for another algorithm", async () => {
    const issuer = lab();
    issuer.keys = [first, { ...second, kid: "first" }, { ...second, kid: "first", alg: "RS512" }];
    expect(await issuer.find("first")).toEqual(["first", "first"]);
    expect(await issuer.find("first", "RS384")).toEqual([]);
  });
});
