import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { serverlessFunctions } from "../../../infra/resources/functions.ts";
import { ProblemError } from "../../../lib/contract/problems.ts";
import { createAuthenticate } from "../../../lib/http/authenticate.ts";
import { claimAt } from "../../../lib/http/claims.ts";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { readSettings } from "../../../lib/platform/settings.ts";
import { captureLog } from "../../support/capture-log.ts";
import { decodeToken } from "../../support/forged-tokens.ts";
import { gatewayAdmits } from "../../support/gateway-authorizer.ts";
import {
  ISSUED_AT,
  providerTokens,
  readProviderJson,
  SERVED_ACCOUNT,
  signToken,
} from "../../support/identity-providers.ts";

const guide = readFileSync(join(projectRoot, "docs/guides/identity.md"), "utf8");
/** The settings of each recipe in the guide, by its heading. */
const recipes = new Map(
  [...guide.matchAll(/^### (.+)\n\n```sh\n((?:AUTH_\w+=.*\n)+)```/gm)].map(([, name = "", block = ""]) => [
    name,
    Object.fromEntries(
      block
        .trim()
        .split("\n")
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    ),
  ]),
);

const base = {
  TABLE_NAME: "table",
  RINGCENTRAL_SECRET_ID: "secret",
  PSEUDONYM_SECRET_ID: "p",
  SERVED_ACCOUNTS: SERVED_ACCOUNT,
};
const plain = recipes.get("RingCentral sign-in") ?? {};
const clock = { now: () => ISSUED_AT + 60_000, sleep: () => new Promise<void>(() => {}) };

/** The outcome for a token: what it says of its caller, or the problem's code and what was logged. */
async function authenticate(token: string, env: Record<string, string> = plain, readJson = readProviderJson) {
  const { log, lines, text } = captureLog();
  const run = createAuthenticate(readSettings({ ...base, ...env }), clock, readJson);
  try {
    return { caller: await run(`Bearer ${token}`, deadlineIn(10_000, clock), log), text: text() };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return { code: error.code, faults: Faults.parse(lines()).flatMap(({ faults }) => faults), text: text() };
  }
}
const Fault = z.object({ claim: z.string(), expected: z.string(), found: z.string(), code: z.string() });
const Faults = z.array(z.object({ message: z.literal("token rejected"), faults: z.array(Fault) }));

const signIn = providerTokens.find(({ recipe }) => recipe === "RingCentral sign-in");
/** A good token with other claims; `undefined` removes one. */
const tokenWith = (claims: Record<string, unknown>, header: Record<string, unknown> = {}) =>
  signToken({ ...signIn?.header, ...header }, { ...signIn?.claims, ...claims });

describe.each(providerTokens)(
  "$recipe: $kind",
  ({ recipe, env, header, claims, scopes, subject, extensionId }) => {
    const settings = { ...recipes.get(recipe), ...env };

    test("works with the guide's settings alone", async () => {
      expect(recipes.has(recipe)).toBe(true);
      const { caller } = await authenticate(signToken(header, claims), settings);
      expect(caller).toMatchObject({
        subject,
        scopes: new Set(scopes),
        accountId: SERVED_ACCOUNT,
        ...(extensionId !== undefined && { extensionId }),
      });
    });

    test("passes API Gateway's authorizer, as the template configures it with them", () => {
      const { AUTH_ISSUER, AUTH_AUDIENCE } = readSettings({ ...base, ...settings });
      const wanted = scopes.find((scope) => scope.includes(":")) ?? "";
      const configured = routeScopes(settings).find((scope) => scope?.endsWith(wanted));
      const configuration = {
        issuer: AUTH_ISSUER ?? "",
        audience: AUTH_AUDIENCE,
        scopes: configured ? [configured] : [],
      };
      expect(gatewayAdmits({ header, payload: claims }, configuration, clock.now())).toBe(true);
    });

    test("is rejected once its issuer, audience, expiry or kid is another", async () => {
      const audience = claims.aud === undefined ? "client_id" : "aud";
      for (const wrong of [{ iss: "https://other.example" }, { [audience]: "other" }, { exp: undefined }]) {
        const { code } = await authenticate(signToken(header, { ...claims, ...wrong }), settings);
        expect(code).toBe("token_invalid");
      }
      const unknown = await authenticate(signToken({ ...header, kid: "unknown" }, claims), settings);
      expect(unknown).toMatchObject({
        code: "token_invalid",
        faults: [{ claim: "kid", found: '"unknown"' }],
      });
      const late = await authenticate(signToken(header, { ...claims, exp: ISSUED_AT / 1000 }), settings);
      expect(late.code).toBe("token_expired");
    });
  },
);

const HttpApi = z.object({
  events: z.array(
    z.object({
      httpApi: z.optional(
        z.object({ authorizer: z.optional(z.object({ scopes: z.optional(z.array(z.string())) })) }),
      ),
    }),
  ),
});
/** The scope that the template gives to the gateway for each route. */
function routeScopes(env: Record<string, string>): (string | undefined)[] {
  const names = {
    authScopeClaims: "AUTH_SCOPE_CLAIMS",
    authGrantedScopes: "AUTH_GRANTED_SCOPES",
    authScopePrefix: "AUTH_SCOPE_PREFIX",
    authIssuer: "AUTH_ISSUER",
    authAudience: "AUTH_AUDIENCE",
    gatewayAuthorizer: "",
    signInIssuer: "SIGN_IN_ISSUER",
  };
  const made = serverlessFunctions({ text: (parameter) => env[names[parameter]] ?? "" });
  return Object.values(made).flatMap((definition) =>
    HttpApi.parse(definition).events.map(({ httpApi }) => httpApi?.authorizer?.scopes?.[0]),
  );
}

test("the guide has a recipe for each provider, and each recipe has a token here", () => {
  expect(recipes.size).toBeGreaterThanOrEqual(8);
  expect(new Set(providerTokens.map(({ recipe }) => recipe))).toEqual(new Set(recipes.keys()));
});

test("the guide names every setting for tokens, and the functions read every one that it names", () => {
  const named = new Set(guide.match(/\bAUTH_[A-Z_]+\b/g));
  const read = Object.keys(readSettings({ ...base, ...plain })).filter((name) => name.startsWith("AUTH_"));
  expect([...named].sort()).toEqual(read.sort());
});

describe("scopes", () => {
  test.each<[claims: Record<string, unknown>, env: Record<string, string>, scopes: string[]]>([
    [{ scope: "openid", scp: ["numbers:read"] }, {}, ["openid", "numbers:read"]],
    [{ scope: "", scp: "numbers:read" }, {}, ["numbers:read"]],
    [{ scope: "a", scp: ["b"], roles: ["c"] }, { AUTH_SCOPE_CLAIMS: "roles" }, ["a", "b", "c"]],
    [{ scope: "a", x: { y: "b c" } }, { AUTH_SCOPE_CLAIMS: "x.y, missing" }, ["a", "b", "c"]],
    [{ scope: "api/a b api/" }, { AUTH_SCOPE_PREFIX: "api/" }, ["a"]],
    [{ scope: undefined }, { AUTH_GRANTED_SCOPES: "a,b" }, ["a", "b"]],
    [{ scope: "a\u00a0b\tc" }, {}, ["a\u00a0b\tc"]],
    [{ scope: null }, {}, []],
  ])("of %j with %j are %j", async (claims, env, scopes) => {
    const { caller } = await authenticate(tokenWith(claims), { ...plain, ...env });
    expect([...(caller?.scopes ?? [])]).toEqual(scopes);
  });
});

describe("the audience", () => {
  test("is client_id when, and only when, there is no aud", async () => {
    expect((await authenticate(tokenWith({ aud: undefined, client_id: "ringfront" }))).caller).toBeDefined();
    const both = await authenticate(tokenWith({ aud: "other", client_id: "ringfront" }));
    expect(both.faults).toEqual([
      { claim: "aud", expected: "ringfront", found: '"other"', code: "token_invalid" },
    ]);
    expect((await authenticate(tokenWith({ aud: [], client_id: "ringfront" }))).code).toBe("token_invalid");
  });

  test("may be one of several", async () => {
    const env = { ...plain, AUTH_AUDIENCE: "ios, android" };
    expect((await authenticate(tokenWith({ aud: "android" }), env)).caller).toBeDefined();
    expect((await authenticate(tokenWith({ aud: "ringfront" }), env)).code).toBe("token_invalid");
  });
});

describe("an id", () => {
  test.each([["12"], [12], [["12"]], [[12]], [Number.MAX_SAFE_INTEGER], ["99999999999999999999"]])(
    "%j is one",
    async (claimed) => {
      const { caller } = await authenticate(tokenWith({ rc_extension_id: claimed }));
      expect(caller?.extensionId).toBe(String([claimed].flat()[0]));
    },
  );

  test.each([[undefined], [null], [""], [[]]])("%j is none", async (claimed) => {
    const { caller } = await authenticate(tokenWith({ rc_extension_id: claimed }));
    expect(caller).toBeDefined();
    expect(caller?.extensionId).toBeUndefined();
    expect((await authenticate(tokenWith({ rc_account_id: claimed }))).code).toBe("account_forbidden");
  });

  const doubtful: [unknown][] = [
    [2 ** 53 + 2],
    [1.5],
    [-1],
    ["012"],
    ["1 "],
    ["1\n"],
    ["\u0661\u0662"],
    ["../1"],
    ["999999999999999999999"],
    [["1", "2"]],
    [[["1"]]],
    [{ id: "1" }],
    [true],
  ];
  test.each(doubtful)("%j is rejected, as an account and as an extension", async (claimed) => {
    expect((await authenticate(tokenWith({ rc_extension_id: claimed }))).code).toBe("extension_forbidden");
    expect((await authenticate(tokenWith({ rc_account_id: claimed }))).code).toBe("account_forbidden");
  });

  test("never becomes another one: a number or text either names exactly itself or nobody", async () => {
    const claimed = fc.oneof(
      fc.bigInt({ min: 0n, max: 10n ** 20n }),
      fc.string({ unit: "grapheme", maxLength: 24 }),
    );
    const property = fc.asyncProperty(claimed, async (id) => {
      const text = typeof id === "bigint" ? String(id) : JSON.stringify(id);
      const claims = JSON.parse(`{"rc_extension_id":${text}}`);
      const { caller } = await authenticate(tokenWith(claims));
      expect([undefined, String(id)]).toContain(caller?.extensionId);
    });
    await fc.assert(property, { numRuns: 50 });
  });
});

describe("the e-mail", () => {
  const person = { rc_account_id: undefined, rc_extension_id: undefined, email: "ana@acme.example" };
  test("is read with what the token says of it, as sent, from the claim that the setting names", async () => {
    const { caller } = await authenticate(tokenWith({ ...person, email_verified: "true" }));
    expect(caller).toMatchObject({
      email: { address: "ana@acme.example", verified: "true" },
      isClient: false,
    });
    expect(caller?.accountId).toBeUndefined();
    const env = { ...plain, AUTH_EMAIL_CLAIM: "https://acme.example/email" };
    const namespaced = {
      "https://acme.example/email": "eva@acme.example",
      "https://acme.example/email_verified": true,
    };
    const other = await authenticate(tokenWith({ ...person, ...namespaced }), env);
    expect(other.caller?.email).toEqual({ address: "eva@acme.example", verified: true });
  });

  test.each([[undefined], [""], [7], [["ana@acme.example"]]])(
    "%j is none, and so is any with `none`",
    async (email) => {
      expect((await authenticate(tokenWith({ email }))).caller?.email).toBeUndefined();
      const env = { ...plain, AUTH_EMAIL_CLAIM: "none" };
      expect((await authenticate(tokenWith(person), env)).caller?.email).toBeUndefined();
    },
  );

  test.each<[whose: string, claims: Record<string, unknown>]>([
    ["client credentials", { sub: "web", client_id: "web" }],
    ["Auth0's", { sub: "web@clients", gty: "client-credentials" }],
    ["Entra ID's", { sub: "web", idtyp: "app" }],
    ["a client without a subject", { sub: undefined }],
  ])("takes the place of no account in a client's token: %s", async (_, claims) => {
    const { code } = await authenticate(tokenWith({ ...person, email_verified: true, ...claims }));
    expect(code).toBe("account_forbidden");
    expect((await authenticate(tokenWith(claims))).caller?.isClient).toBe(true);
  });
});

describe("the account", () => {
  test("must be served here", async () => {
    const { code, faults } = await authenticate(tokenWith({ rc_account_id: "3700999" }));
    expect(code).toBe("account_forbidden");
    expect(faults).toEqual([
      {
        claim: "rc_account_id",
        expected: "the id of an account in SERVED_ACCOUNTS",
        found: "text *99 (7 characters)",
        code: "account_forbidden",
      },
    ]);
  });

  test("is the served one with AUTH_ACCOUNT_CLAIM=none, whatever the token says", async () => {
    const env = { ...plain, AUTH_ACCOUNT_CLAIM: "none" };
    const { caller } = await authenticate(tokenWith({ rc_account_id: "3700999" }), env);
    expect(caller?.accountId).toBe(SERVED_ACCOUNT);
  });
});

describe("the type", () => {
  test.each<[type: string, header: Record<string, unknown>, claims: Record<string, unknown>]>([
    ["ID token (Cognito)", {}, { token_use: "id" }],
    ["ID token (Keycloak)", { typ: "JWT" }, { typ: "ID" }],
    ["ID token (OpenID Connect)", { typ: "JWT" }, { at_hash: "abc" }],
    ["refresh token (Keycloak)", { typ: "JWT" }, { typ: "Refresh" }],
    ["offline token (Keycloak)", { typ: "JWT" }, { typ: "Offline" }],
    ["logout token", { typ: "logout+jwt" }, {}],
    ["logout token without a type", { typ: "JWT" }, { events: {} }],
    ["proof of possession", { typ: "dpop+jwt" }, {}],
    ["security event", { typ: "application/secevent+jwt" }, {}],
    ["type that is no text", { typ: 7 }, {}],
    ["refresh token (own word)", { typ: "rt+jwt" }, {}],
  ])("of an %s is rejected", async (_, header, claims) => {
    const { code, faults } = await authenticate(tokenWith(claims, header));
    expect([code, faults?.[0]?.claim]).toEqual(["token_invalid", "typ"]);
  });

  test("of an access token is rejected where ID tokens are expected", async () => {
    const env = { ...plain, AUTH_TOKEN_TYPE: "id" };
    for (const claims of [{ token_use: "access" }, { typ: "Bearer" }]) {
      expect((await authenticate(tokenWith(claims, { typ: "JWT" }), env)).code).toBe("token_invalid");
    }
  });
});

describe("the caller", () => {
  test("is sub, else the client, and must be text", async () => {
    expect((await authenticate(tokenWith({ sub: undefined }))).caller?.subject).toBe("web");
    const nobody = { sub: undefined, client_id: undefined };
    expect((await authenticate(tokenWith({ ...nobody, azp: "app" }))).caller?.subject).toBe("app");
    for (const claims of [nobody, { sub: 7 }, { sub: "" }, { sub: ["a"] }]) {
      expect((await authenticate(tokenWith(claims))).code).toBe("token_invalid");
    }
  });
});

test("a claim that is required must have its value", async () => {
  const env = { ...plain, AUTH_REQUIRED_CLAIMS: "hd=acme.example, org.id=7x" };
  const right = { hd: "acme.example", org: { id: "7x" } };
  expect((await authenticate(tokenWith(right), env)).caller).toBeDefined();
  for (const wrong of [{}, { hd: "acme.example.evil" }, { ...right, org: { id: "7X" } }]) {
    const { code, text } = await authenticate(tokenWith(wrong), env);
    expect(code).toBe("token_invalid");
    expect(text).not.toContain("evil");
  }
});

describe("what API Gateway rejects, the functions reject too", () => {
  const configuration = {
    issuer: "https://login.acme.example",
    audience: ["ringfront"],
    scopes: ["numbers:read"],
  };
  const now = ISSUED_AT / 1000;
  test.each<[name: string, claims: Record<string, unknown>, header: Record<string, unknown>]>([
    ["an elliptic curve", {}, { alg: "ES256" }],
    ["EdDSA", {}, { alg: "EdDSA" }],
    ["HMAC", {}, { alg: "HS256" }],
    ["no signature", {}, { alg: "none" }],
    ["no kid", {}, { kid: undefined }],
    ["another issuer", { iss: "https://login.acme.example/" }, {}],
    ["aud beside a right client_id", { aud: "other", client_id: "ringfront" }, {}],
    ["an iat in the future", { iat: now + 3600 }, {}],
    ["an nbf in the future", { nbf: now + 3600 }, {}],
    ["no exp", { exp: undefined }, {}],
  ])("%s", async (_, claims, header) => {
    const token = tokenWith(claims, header);
    expect(gatewayAdmits(decodeToken(token), configuration, clock.now())).toBe(false);
    expect((await authenticate(token)).code).toBe("token_invalid");
  });
});

describe("the issuer", () => {
  test("is not asked for a token that names another one, or no key", async () => {
    let asked = 0;
    const count = (url: URL) => {
      asked += 1;
      return readProviderJson(url);
    };
    await authenticate(tokenWith({ iss: "https://evil.example" }), plain, count);
    await authenticate(tokenWith({}, { kid: undefined }), plain, count);
    expect(asked).toBe(0);
  });

  test("may have two keys with one id, which are tried in turn", async () => {
    expect((await authenticate(tokenWith({}, { kid: "shared" }))).caller).toBeDefined();
  });

  test("that hangs holds a request no longer than the request may take", async () => {
    const impatient = {
      now: Date.now,
      sleep: (ms: number) => new Promise<void>((wake) => setTimeout(wake, ms)),
    };
    const settings = readSettings({ ...base, ...plain });
    const run = createAuthenticate(settings, impatient, () => new Promise(() => {}));
    const token = tokenWith({ exp: Date.now() / 1000 + 600 });
    const waiting = run(`Bearer ${token}`, deadlineIn(500, impatient, 0), captureLog().log);
    await expect(waiting).rejects.toMatchObject({ code: "token_issuer_unavailable" });
  });
});

describe("the log of a rejected token", () => {
  test("names every wrong claim, and holds neither the token, nor a whole id, nor a name", async () => {
    const token = tokenWith({
      aud: "someone-else",
      sub: 123456789,
      email: "ana@acme.example",
      exp: 1,
      rc_account_id: "3700999",
      rc_extension_id: "38002223800222380022238",
    });
    const { code, faults, text } = await authenticate(token);
    expect(code).toBe("token_invalid");
    expect(faults?.map(({ claim }) => claim)).toEqual([
      "aud",
      "sub, client_id, azp",
      "exp",
      "rc_account_id",
      "rc_extension_id",
    ]);
    const secrets = ["123456789", "ana@", "3700999", "38002223800222380022238", ...token.split(".")];
    for (const secret of secrets) expect(text).not.toContain(secret);
  });

  test("tells a changed token from one of an unknown key", async () => {
    const [head, , signature] = tokenWith({}).split(".");
    const [, body] = tokenWith({ rc_extension_id: "1" }).split(".");
    const { faults } = await authenticate(`${head}.${body}.${signature}`);
    expect(faults?.[0]).toMatchObject({ claim: "signature", code: "token_invalid" });
  });

  test("says nothing of claims that no signature vouches for", async () => {
    const [head, , signature] = tokenWith({}).split(".");
    const [, body] = tokenWith({ rc_account_id: "3700999" }).split(".");
    const { code, faults } = await authenticate(`${head}.${body}.${signature}`);
    expect([code, faults?.length]).toEqual(["token_invalid", 1]);
  });
});

test.each<[claims: unknown, path: string, found: unknown]>([
  [{ "a.b": 1, a: { b: 2 } }, "a.b", 1],
  [{ "a.b": { c: 1 }, a: { "b.c": 2 } }, "a.b.c", 1],
  [{ a: { b: { c: 1 } } }, "a.b.c", 1],
  [{ a: [1] }, "a.0", undefined],
  [{}, "__proto__.toString", undefined],
  [{ a: null }, "a.b", undefined],
])("claimAt %j of %s", (claims, path, found) => {
  expect(claimAt(claims, path)).toBe(found);
});
