import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { projectRoot } from "../../infra/build/bundle.ts";
import { checkIssuer, explainToken, readIssuers } from "../../infra/doctor/identity.ts";
import { startOidcIssuer } from "../../infra/local/oidc-issuer.ts";
import { systemClock } from "../../lib/platform/clock.ts";
import { json, startLoopback } from "../support/loopback.ts";
import { SEED, startTwin } from "../twin/twin.ts";

const issuer = await startOidcIssuer("ringfront", SEED);
afterAll(() => issuer.close());

const env = { AUTH_ISSUER: issuer.url, AUTH_AUDIENCE: "ringfront", SERVED_ACCOUNTS: SEED.accountId };

/** Runs a command of this project. */
async function run(file: string, args: string[], variables: Record<string, string>) {
  const command = [join(projectRoot, file), ...args];
  const options = { env: { PATH: process.env.PATH, ...variables } };
  return promisify(execFile)(process.execPath, command, options).then(
    ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ code, text: stdout + stderr }),
  );
}

describe("npm run doctor -- --token", () => {
  const explain = async (claims: Record<string, unknown>, settings = {}) => {
    const { keys } = await checkIssuer(issuer.url);
    const token = await issuer.mint(claims);
    return explainToken(token, readIssuers({ ...env, ...settings })[0], { keys, clock: systemClock });
  };

  test("says who a good token is, and what it may do", async () => {
    const { code, text } = await run("infra/doctor/doctor.ts", ["--token", issuer.tokens.user], env);
    expect(code).toBe(0);
    expect(text).toMatch(/issuer's keys +RSA/);
    expect(text).toContain(`token: account       ${SEED.accountId}`);
    expect(text).toContain(`token: extension     ${SEED.extensionId}`);
    expect(text).toContain("numbers:read numbers:write");
    expect(text).not.toContain(issuer.tokens.user);
  });

  test.each<[claim: string, claims: Record<string, unknown>, fix: RegExp]>([
    ["aud", { aud: "web" }, /add what was found to AUTH_AUDIENCE/],
    ["aud, client_id", { aud: undefined, client_id: "web" }, /client's id to AUTH_AUDIENCE/],
    ["exp", { exp: 1 }, /Sign in again/],
    ["typ", { token_use: "id" }, /AUTH_TOKEN_TYPE=id/],
    ["rc_account_id", { rc_account_id: "1" }, /setting AUTH_/],
  ])("names the wrong claim %s, and what to do", async (claim, claims, fix) => {
    const failures = (await explain(claims)).filter(({ outcome }) => outcome === "failed");
    expect(failures).toHaveLength(1);
    expect(failures[0]?.found.startsWith(`${claim} is `)).toBe(true);
    expect(failures[0]?.fix).toMatch(fix);
  });

  test("warns of a token without scopes of this API, and says where a provider may have them", async () => {
    const findings = await explain({ scope: "openid ringfront/numbers:read" });
    expect(findings.at(-1)).toMatchObject({
      outcome: "warning",
      fix: expect.stringContaining("AUTH_SCOPE_PREFIX"),
    });
    const prefixed = await explain({ scope: "ringfront/numbers:read" }, { AUTH_SCOPE_PREFIX: "ringfront/" });
    expect(prefixed.at(-1)).toMatchObject({ outcome: "ok", found: "numbers:read" });
  });

  test("shows the claims of a token that names no extension", async () => {
    const findings = await explain({ rc_extension_id: undefined, "https://acme.example/rc": "1" });
    expect(findings).toContainEqual(
      expect.objectContaining({
        outcome: "warning",
        found: expect.stringContaining("https://acme.example/rc"),
        fix: expect.stringContaining("AUTH_EXTENSION_CLAIM"),
      }),
    );
  });

  test("says that a verified e-mail leads to the extension, and warns of one that is not", async () => {
    const person = { rc_account_id: undefined, rc_extension_id: undefined, email: "ana.ruiz@acme.example" };
    const verified = await explain({ ...person, email_verified: true });
    expect(verified.map(({ outcome, found }) => [outcome, found])).toContainEqual([
      "ok",
      expect.stringMatching(/^that of the person's record, or of the one user with the verified e-mail$/),
    ]);
    const unverified = await explain(person);
    expect(unverified).toContainEqual(
      expect.objectContaining({
        outcome: "warning",
        found: expect.stringContaining("does not say that its e-mail"),
      }),
    );
    for (const { found } of [...verified, ...unverified]) expect(found).not.toContain("ana.ruiz");
  });

  test("explains a token of another issuer, an opaque one, and missing settings", async () => {
    const foreign = await startOidcIssuer("ringfront", SEED);
    const other = await run("infra/doctor/doctor.ts", ["--token", foreign.tokens.user], env);
    await foreign.close();
    expect(other.code).toBe(1);
    expect(other.text).toContain(`iss is "${foreign.url}", not ${issuer.url}`);
    const opaque = await run("infra/doctor/doctor.ts", ["--token", "ya29.opaque"], env);
    expect(opaque.text).toContain("it is no JWT");
    const { AUTH_AUDIENCE: _, ...without } = env;
    const unset = await run("infra/doctor/doctor.ts", ["--token", issuer.tokens.user], without);
    expect([unset.code, unset.text]).toEqual([1, expect.stringContaining("AUTH_AUDIENCE is not set")]);
  });
});

const region = ["--region", "eu-west-1"];

describe("npm run deploy, without AWS credentials,", () => {
  const bare = { ...env, AWS_EC2_METADATA_DISABLED: "true", HOME: "/nowhere" };

  test("prints the plan, and says that nothing was sent", async () => {
    const { code, text } = await run("infra/deploy/deploy.ts", region, bare);
    expect([code, text]).toEqual([1, expect.stringContaining("There are no valid AWS credentials here")]);
    expect(text).toContain(`SERVED_ACCOUNTS          ${SEED.accountId}`);
    expect(text).not.toContain("bundled");
  });

  test("finds the account by the RingCentral credential, and refuses that of another", async () => {
    const twin = await startTwin();
    const { clientId, clientSecret, jwt } = SEED;
    const credential = {
      RINGCENTRAL_CLIENT_ID: clientId,
      RINGCENTRAL_CLIENT_SECRET: clientSecret,
      RINGCENTRAL_JWT: jwt,
    };
    const args = [...region, "--plan", "--upstream", twin.url];
    const { SERVED_ACCOUNTS: _, ...unnamed } = bare;
    const found = await run("infra/deploy/deploy.ts", args, { ...unnamed, ...credential });
    expect([found.code, found.text]).toEqual([
      0,
      expect.stringContaining(`RingCentral account ${SEED.accountId}`),
    ]);
    expect(found.text).not.toContain(clientSecret);
    const other = await run("infra/deploy/deploy.ts", args, { ...bare, ...credential, SERVED_ACCOUNTS: "1" });
    expect([other.code, other.text]).toEqual([
      1,
      expect.stringContaining("which SERVED_ACCOUNTS does not name"),
    ]);
    await twin.close();
  });
});

describe("an issuer whose tokens API Gateway or the functions could not verify", () => {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const elliptic = { ...publicKey.export({ format: "jwk" }), kid: "a" };
  /** An issuer's origin; its documents are made by the case. */
  const serve = async (metadata: (origin: string) => object, keys: unknown[]) => {
    const { origin } = await startLoopback(({ url, headers }, response) => {
      const body = url.endsWith("/jwks") ? { keys } : metadata(`http://${headers.host}`);
      json(response, 200, body);
    });
    return origin;
  };
  const plain = (origin: string) => ({ issuer: origin, jwks_uri: `${origin}/jwks` });

  test.each<[name: string, metadata: (origin: string) => object, found: RegExp]>([
    ["elliptic keys only", plain, /names no RSA signing key with a kid/],
    [
      "metadata of another issuer",
      (origin) => ({ ...plain(origin), issuer: "https://a.example" }),
      /of the issuer https:\/\/a\.example/,
    ],
    ["no metadata", () => ({}), /cannot be used/],
  ])("is found out: %s", async (_, metadata, found) => {
    const origin = await serve(metadata, [elliptic]);
    const { findings } = await checkIssuer(origin);
    expect(findings[0]).toMatchObject({ outcome: "failed", found: expect.stringMatching(found) });
  });

  test("is found out by the doctor, and by npm run deploy before it builds", async () => {
    const variables = { ...env, AUTH_ISSUER: await serve(plain, [elliptic]) };
    const doctor = await run("infra/doctor/doctor.ts", ["--issuer"], variables);
    expect([doctor.code, doctor.text]).toEqual([1, expect.stringContaining("names no RSA signing key")]);
    const deploy = await run("infra/deploy/deploy.ts", region, variables);
    expect([deploy.code, deploy.text]).toEqual([1, expect.stringContaining("names no RSA signing key")]);
    expect(deploy.text).not.toContain("bundled");
  });

  test("is looked for only when every setting is there", async () => {
    const deploy = await run("infra/deploy/deploy.ts", region, {});
    expect(deploy.code).toBe(1);
    expect(deploy.text).toMatch(/AUTH_ISSUER and AUTH_AUDIENCE must be set.*\nSERVED_ACCOUNTS must be set/);
    const malformed = await run("infra/deploy/deploy.ts", region, {
      ...env,
      AUTH_TOKEN_TYPE: "refresh",
    });
    expect(malformed.text).toContain("AUTH_TOKEN_TYPE is malformed");
  });
});
