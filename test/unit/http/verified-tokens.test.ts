import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { afterAll, expect, test, vi } from "vitest";
import { ProblemError } from "../../../lib/contract/problems.ts";
import { createAuthenticate } from "../../../lib/http/authenticate.ts";
import { VerifiedTokens } from "../../../lib/http/verified-tokens.ts";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { readSettings } from "../../../lib/platform/settings.ts";
import { captureLog } from "../../support/capture-log.ts";
import { manualClock } from "../../support/manual-clock.ts";

const verify = vi.spyOn(crypto.subtle, "verify");
afterAll(() => verify.mockRestore());

const ISSUER = "https://login.acme.example";
const MINUTE = 60_000;
const [first, second] = [keyPair(), keyPair()];

function keyPair() {
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}

/** An issuer whose one key can be replaced, and a process that takes its tokens. */
function lab() {
  verify.mockClear();
  const clock = manualClock();
  const issuer = { key: first.publicKey };
  const settings = readSettings({
    TABLE_NAME: "table",
    RINGCENTRAL_SECRET_ID: "secret",
    PSEUDONYM_SECRET_ID: "p",
    SERVED_ACCOUNTS: "37",
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: "numbers",
  });
  const run = createAuthenticate(settings, clock, async ({ pathname }) =>
    pathname === "/jwks"
      ? { keys: [{ ...issuer.key.export({ format: "jwk" }), kid: "k1", alg: "RS256", use: "sig" }] }
      : { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` },
  );
  const authenticate = async (token: string) => {
    try {
      await run(`Bearer ${token}`, deadlineIn(10_000, clock), captureLog().log);
      return "accepted";
    } catch (error) {
      if (error instanceof ProblemError) return error.code;
      throw error;
    }
  };
  const token = (lifeMs: number, key: KeyObject = first.privateKey) => {
    const claims = { iss: ISSUER, aud: "numbers", sub: "ana", rc_account_id: "37", rc_extension_id: "101" };
    const exp = (clock.now() + lifeMs) / 1_000;
    const parts = [
      { alg: "RS256", kid: "k1", typ: "at+jwt" },
      { ...claims, exp },
    ];
    const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    return `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
  };
  return { clock, issuer, authenticate, token, verifications: () => verify.mock.calls.length };
}

test("a token's signature is verified once, and another token's for itself", async () => {
  const { authenticate, token, verifications } = lab();
  const good = token(60 * MINUTE);
  expect(await authenticate(good)).toBe("accepted");
  expect(await authenticate(good)).toBe("accepted");
  expect(verifications()).toBe(1);
  const [header, , signature] = good.split(".");
  const [, otherClaims] = token(61 * MINUTE).split(".");
  expect(await authenticate(`${header}.${otherClaims}.${signature}`)).toBe("token_invalid");
  expect(await authenticate(token(60 * MINUTE, second.privateKey))).toBe("token_invalid");
});

test("a rejected signature is not remembered as verified", async () => {
  const { authenticate, token } = lab();
  const forged = token(60 * MINUTE, second.privateKey);
  expect([await authenticate(forged), await authenticate(forged)]).toEqual([
    "token_invalid",
    "token_invalid",
  ]);
});

test("a verified token ends with its lifetime", async () => {
  const { clock, authenticate, token } = lab();
  const short = token(5 * MINUTE);
  expect(await authenticate(short)).toBe("accepted");
  await clock.advance(6 * MINUTE);
  expect(await authenticate(short)).toBe("token_expired");
});

test("a verified token ends with its key, ten minutes after its issuer has replaced it", async () => {
  const { clock, issuer, authenticate, token, verifications } = lab();
  const good = token(60 * MINUTE);
  expect(await authenticate(good)).toBe("accepted");
  issuer.key = second.publicKey;
  await clock.advance(9 * MINUTE);
  expect(await authenticate(good)).toBe("accepted");
  await clock.advance(MINUTE);
  expect(await authenticate(good)).toBe("token_invalid");
  expect(verifications()).toBe(2);
});

test("a key's verified tokens are remembered up to a thousand", () => {
  const tokens = new VerifiedTokens();
  const key = { kid: "k1", key: first.publicKey };
  for (let n = 0; n <= 1_000; n += 1) tokens.add(`token ${n}`, key);
  const known = (n: number) => tokens.has(`token ${n}`, [key]);
  expect([known(0), known(1), known(1_000)]).toEqual([false, true, true]);
  expect(tokens.has("token 1", [{ kid: "k1", key: first.publicKey }])).toBe(false);
});
