import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { expect, test } from "vitest";
import { ProblemError } from "../../../lib/contract/problems.ts";
import { createAuthenticate } from "../../../lib/http/authenticate.ts";
import { systemClock } from "../../../lib/platform/clock.ts";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { readSettings } from "../../../lib/platform/settings.ts";
import { captureLog } from "../../support/capture-log.ts";

const COMPANY = "https://login.acme.example";
const OWN = "https://api.acme.example";
const keyPair = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
const keys = { [COMPANY]: keyPair(), [OWN]: keyPair() };
const base = {
  TABLE_NAME: "table",
  RINGCENTRAL_SECRET_ID: "secret",
  PSEUDONYM_SECRET_ID: "p",
  SERVED_ACCOUNTS: "37",
};
const both = { AUTH_ISSUER: COMPANY, AUTH_AUDIENCE: "numbers", SIGN_IN_ISSUER: OWN };

/** Both issuers name their key alike, so that only the issuer tells the keys apart. */
async function readJson(url: URL) {
  const { origin, pathname } = url;
  if (pathname !== "/jwks") return { issuer: origin, jwks_uri: `${origin}/jwks` };
  const jwk = keys[origin === OWN ? OWN : COMPANY].publicKey.export({ format: "jwk" });
  return { keys: [{ ...jwk, kid: "k1", alg: "RS256", use: "sig" }] };
}

const seconds = Math.floor(Date.now() / 1000);
const person = { sub: "37-101", rc_account_id: "37", rc_extension_id: "101", client_id: "app" };
const ownClaims = { iss: OWN, aud: OWN, exp: seconds + 900, scope: "numbers:read", ...person };
const companyClaims = { ...ownClaims, iss: COMPANY, aud: "numbers" };

interface Forgery {
  claims?: object;
  header?: object;
  key?: KeyObject;
}

function signed({ claims = ownClaims, header = {}, key = keys[OWN].privateKey }: Forgery): string {
  const parts = [{ alg: "RS256", kid: "k1", typ: "at+jwt", ...header }, claims];
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
}

async function authenticate(token: string, env: Record<string, string> = both) {
  const run = createAuthenticate(readSettings({ ...base, ...env }), systemClock, readJson);
  try {
    return await run(`Bearer ${token}`, deadlineIn(10_000, systemClock), captureLog().log);
  } catch (error) {
    if (error instanceof ProblemError) return error.code;
    throw error;
  }
}

test("a token of either issuer is accepted, and only the one of a person who signed in says so", async () => {
  const scopes = new Set(["numbers:read"]);
  const own = await authenticate(signed({}));
  expect(own).toMatchObject({ accountId: "37", extensionId: "101", scopes, signedInWithRingCentral: true });
  const company = await authenticate(signed({ claims: companyClaims, key: keys[COMPANY].privateKey }));
  expect(company).toMatchObject({ accountId: "37", extensionId: "101", scopes });
  expect(company).not.toHaveProperty("signedInWithRingCentral");
  const machine = await authenticate(signed({ claims: { ...ownClaims, sub: "app" } }));
  expect(machine).toMatchObject({ isClient: true });
  expect(machine).not.toHaveProperty("signedInWithRingCentral");
});

test("one issuer of the two is enough", async () => {
  expect(await authenticate(signed({}), { SIGN_IN_ISSUER: OWN })).toMatchObject({ issuer: OWN });
  const only = { AUTH_ISSUER: COMPANY, AUTH_AUDIENCE: "numbers" };
  expect(await authenticate(signed({}), only)).toBe("token_invalid");
  const claims = signed({ claims: companyClaims, key: keys[COMPANY].privateKey });
  expect(await authenticate(claims, only)).toMatchObject({ issuer: COMPANY });
  expect(await authenticate(claims, { SIGN_IN_ISSUER: OWN })).toBe("token_invalid");
  await expect(authenticate(claims, {})).rejects.toThrow("AUTH_ISSUER");
});

test.each<[name: string, forgery: Forgery, code?: string]>([
  ["signed with a stranger's key", { key: keyPair().privateKey }],
  ["signed with the company's key", { key: keys[COMPANY].privateKey }],
  ["the company's, signed with our key", { claims: companyClaims }],
  ["for the company's audience", { claims: { ...ownClaims, aud: "numbers" } }],
  ["for its client, as an id token is", { claims: { ...ownClaims, aud: "app" } }],
  ["unsigned", { header: { alg: "none" } }],
  ["of another algorithm than the key's", { header: { alg: "PS256" } }],
  ["an id token by its hash", { claims: { ...ownClaims, at_hash: "x" } }],
  ["expired", { claims: { ...ownClaims, exp: seconds - 60 } }, "token_expired"],
  ["issued in the future", { claims: { ...ownClaims, iat: seconds + 600 } }],
  [
    "of an account that is not served",
    { claims: { ...ownClaims, rc_account_id: "38" } },
    "account_forbidden",
  ],
])("a token is rejected: %s", async (_, forgery, code = "token_invalid") => {
  expect(await authenticate(signed(forgery))).toBe(code);
});

test.each([
  ["a token from 3 s in the future is accepted", [3, 900], true],
  ["a token that expired 3 s ago is accepted", [-900, -3], true],
  ["a token from a minute in the future is rejected", [60, 900], false],
  ["a token that expired a minute ago is rejected", [-900, -60], false],
])("clocks differ: %s", async (_, [issuedIn = 0, expiresIn = 0], isAccepted) => {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now + issuedIn, exp: now + expiresIn };
  const result = await authenticate(signed({ claims: { ...ownClaims, ...times } }));
  expect(typeof result === "object").toBe(isAccepted);
});

test("the settings AUTH_… say nothing of our own tokens", async () => {
  const settings = {
    ...both,
    AUTH_ACCOUNT_CLAIM: "none",
    AUTH_EXTENSION_CLAIM: "other_extension",
    AUTH_SCOPE_CLAIMS: "roles",
    AUTH_SCOPE_PREFIX: "x/",
    AUTH_GRANTED_SCOPES: "account:manage",
    AUTH_REQUIRED_CLAIMS: "tenant=acme",
    AUTH_TOKEN_TYPE: "id",
  };
  const claims = { ...ownClaims, other_extension: "102", roles: "ops:read", email: "a@acme.example" };
  const caller = await authenticate(signed({ claims }), settings);
  expect(caller).toMatchObject({ extensionId: "101", scopes: new Set(["numbers:read"]) });
  expect(caller).not.toHaveProperty("email");
  const foreign = { ...claims, rc_account_id: "38" };
  expect(await authenticate(signed({ claims: foreign }), settings)).toBe("account_forbidden");
});

test.each([
  ["AUTH_AUDIENCE", { AUTH_ISSUER: COMPANY }],
  ["SIGN_IN_ISSUER", { ...both, SIGN_IN_ISSUER: COMPANY }],
  ["SIGN_IN_ISSUER", { SIGN_IN_ISSUER: `${OWN}/` }],
  ["SIGN_IN_ISSUER", { SIGN_IN_ISSUER: "api.acme.example" }],
])("a setting that cannot work is named: %s", async (setting, env) => {
  await expect(authenticate(signed({}), env)).rejects.toThrow(setting);
});
