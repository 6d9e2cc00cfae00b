import { exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { createIssuerKeys } from "../../../lib/http/issuer-keys.ts";

const MINUTE = 60_000;
type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];
interface Signer {
  jwk: JWK;
  sign(): Promise<string>;
}

async function createSigner(kid: string): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const sign = (key: PrivateKey) =>
    new SignJWT({}).setProtectedHeader({ alg: "ES256", kid }).setExpirationTime("1h").sign(key);
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg: "ES256" }, sign: () => sign(privateKey) };
}

let first: Signer;
let second: Signer;
beforeAll(async () => {
  first = await createSigner("first");
  second = await createSigner("second");
});

/** An issuer with a clock, its log of requests and its responses. */
function lab() {
  const issuer = {
    now: 0,
    keys: [first.jwk],
    asked: [] as string[],
    isDown: false,
    discovery: { issuer: "https://issuer.example", jwks_uri: "https://keys.example/jwks" } as unknown,
  };
  const clock = { now: () => issuer.now, sleep: async () => {} };
  const getKey = createIssuerKeys("https://issuer.example/", clock, async (url) => {
    issuer.asked.push(url.href);
    if (issuer.isDown) throw new Error("no response");
    return url.pathname === "/jwks" ? { keys: issuer.keys } : issuer.discovery;
  });
  const verify = async (signer: Signer) => (await jwtVerify(await signer.sign(), getKey)).protectedHeader.kid;
  return Object.assign(issuer, { verify });
}

describe("the issuer's keys", () => {
  test("are found through its discovery document", async () => {
    const issuer = lab();
    expect(await issuer.verify(first)).toBe("first");
    expect(issuer.asked).toEqual([
      "https://issuer.example/.well-known/openid-configuration",
      "https://keys.example/jwks",
    ]);
  });

  test("are read once for concurrent requests", async () => {
    const issuer = lab();
    await Promise.all([issuer.verify(first), issuer.verify(first), issuer.verify(first)]);
    expect(issuer.asked).toHaveLength(2);
  });

  test("are read again after ten minutes, without another discovery", async () => {
    const issuer = lab();
    await issuer.verify(first);
    issuer.now += 9 * MINUTE;
    await issuer.verify(first);
    expect(issuer.asked).toHaveLength(2);
    issuer.now += MINUTE;
    await issuer.verify(first);
    expect(issuer.asked).toHaveLength(3);
  });

  test("are read again at once for a new key, but not for each forged one", async () => {
    const issuer = lab();
    await issuer.verify(first);
    issuer.keys = [first.jwk, second.jwk];
    issuer.now += 29_000;
    await expect(issuer.verify(second)).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
    expect(issuer.asked).toHaveLength(2);
    issuer.now += 1_000;
    expect(await issuer.verify(second)).toBe("second");
    expect(issuer.asked).toHaveLength(3);
  });

  test("are rejected from ten minutes after the issuer withdraws them", async () => {
    const issuer = lab();
    await issuer.verify(first);
    issuer.keys = [second.jwk];
    issuer.now += 10 * MINUTE;
    await expect(issuer.verify(first)).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
  });

  test("stay usable for an hour while the issuer is down, without a call for every request", async () => {
    const issuer = lab();
    await issuer.verify(first);
    issuer.isDown = true;
    issuer.now += 10 * MINUTE;
    for (let request = 0; request < 5; request += 1) expect(await issuer.verify(first)).toBe("first");
    expect(issuer.asked).toHaveLength(3);
    issuer.now += 30_000;
    await issuer.verify(first);
    expect(issuer.asked).toHaveLength(4);
    issuer.now += 50 * MINUTE;
    await expect(issuer.verify(first)).rejects.toThrow("no response");
  });

  test("are read again after a first failure", async () => {
    const issuer = lab();
    issuer.isDown = true;
    await expect(issuer.verify(first)).rejects.toThrow("no response");
    issuer.isDown = false;
    expect(await issuer.verify(first)).toBe("first");
  });

  test.each([
    ["no document at all", "<html>"],
    ["no address for the keys", { issuer: "https://issuer.example" }],
    ["an address that is not http", { issuer: "x", jwks_uri: "file:///etc/keys" }],
  ])("cannot be found through %s", async (_, discovery) => {
    const issuer = Object.assign(lab(), { discovery });
    await expect(issuer.verify(first)).rejects.toThrow();
    expect(issuer.asked).toHaveLength(1);
  });

  test("are not taken from a document without keys", async () => {
    const issuer = Object.assign(lab(), { keys: ["key"] });
    await expect(issuer.verify(first)).rejects.toThrow();
  });
});
