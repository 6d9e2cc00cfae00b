import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { handler as listCompanyNumbers } from "../../functions/account/list-company-numbers.ts";
import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as getLimits } from "../../functions/operations/get-limits.ts";
import { handler as startSync } from "../../functions/sync/start-sync.ts";
import { startOidcIssuer } from "../../infra/local/oidc-issuer.ts";
import { addBlockedNumberRoute, listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import { listCompanyNumbersRoute } from "../../lib/contract/company-numbers.ts";
import { getLimitsRoute } from "../../lib/contract/limits.ts";
import { startSyncRoute } from "../../lib/contract/sync.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { invoke } from "../support/api-gateway.ts";
import { forgedTokens } from "../support/forged-tokens.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { linesOf } from "../support/printed-lines.ts";
import { type Service, startService } from "../support/service.ts";
import { SEED } from "../twin/twin.ts";

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());
beforeEach(() => service.forget());

async function list(token?: string, extensionId = "me", headers: Record<string, string> = {}) {
  const response = await invoke(listBlockedNumbers, listBlockedNumbersRoute, {
    path: { extensionId },
    headers,
    ...(token !== undefined && { token }),
  });
  expectConforms(listBlockedNumbersRoute, response);
  return response;
}

/** Expects a rejection in the contract's words, before anything is sent to RingCentral. */
function expectRejected(response: Awaited<ReturnType<typeof list>>, status: number, code: string) {
  expect(response).toMatchObject({
    status,
    body: { status, code, retryable: false, instance: "lambda-request-1" },
  });
  expect(service.sent()).toEqual([]);
}

describe("a caller without a valid token", () => {
  it("is asked for one", async () => {
    const response = await list();
    expectRejected(response, 401, "token_missing");
    expect(response.headers["www-authenticate"]).toBe("Bearer");
  });

  it.each(["Basic dXNlcjpwYXNz", "Bearer", "Bearer a b", "eyJhbGciOiJub25lIn0.e30."])(
    "is rejected: Authorization: %s",
    async (authorization) => {
      const response = await list(undefined, "me", { authorization });
      expectRejected(response, 401, "token_invalid");
      expect(response.body.detail).toMatch(/^Send `Authorization: Bearer <access token>`/);
    },
  );

  it.each([
    "alg none",
    "alg none, signature kept",
    "HS256 keyed with the public key",
    "another key",
    "claims changed",
    "no signature",
    "not a token",
  ])("is rejected when it is forged: %s", async (name) => {
    const forged = await forgedTokens(service.tokens.user, service.issuer.url);
    const response = await list(forged[name]);
    expectRejected(response, 401, "token_invalid");
    expect(response.headers["www-authenticate"]).toContain("invalid_token");
  });

  it("is rejected when the token is from another issuer or for another audience", async () => {
    const identities = { accountId: SEED.accountId, extensionId: SEED.extensionId, otherExtensionId: "1" };
    const other = await startOidcIssuer("ringfront", identities);
    expectRejected(await list(other.tokens.user), 401, "token_invalid");
    await other.close();
    expectRejected(await list(await service.mint({ aud: "another-api" })), 401, "token_invalid");
  });

  it("is told when the token has expired", async () => {
    const past = Math.floor(Date.now() / 1000) - 600;
    expectRejected(await list(await service.mint({ iat: past - 60, exp: past })), 401, "token_expired");
  });

  it("is rejected when the token is not valid yet", async () => {
    expectRejected(
      await list(await service.mint({ nbf: Math.floor(Date.now() / 1000) + 600 })),
      401,
      "token_invalid",
    );
  });

  it.each<[name: string, claims: Record<string, unknown>]>([
    ["a sub that is a number", { sub: 7 }],
    ["neither sub nor client", { sub: undefined }],
    ["no expiry", { exp: undefined }],
    ["a scope that is a number", { scope: 7 }],
    ["the type of a refresh token", { typ: "Refresh" }],
  ])("is rejected when the token has %s", async (_, claims) => {
    expectRejected(await list(await service.mint(claims)), 401, "token_invalid");
  });

  it("is rejected when the token names no account", async () => {
    expectRejected(await list(await service.mint({ rc_account_id: undefined })), 403, "account_forbidden");
    expectRejected(await list(await service.mint({ rc_account_id: "../1" })), 403, "account_forbidden");
  });
});

describe("a caller with a valid token", () => {
  it("needs the route's scope", async () => {
    const response = await invoke(addBlockedNumber, addBlockedNumberRoute, {
      token: service.tokens.readOnly,
      body: { phoneNumber: "+12025550199" },
    });
    expectRejected(response, 403, "scope_missing");
    expect(response.body.detail).toContain("numbers:write");
    for (const token of [service.tokens.user, service.tokens.readOnly]) {
      expectRejected(
        await invoke(listCompanyNumbers, listCompanyNumbersRoute, { token }),
        403,
        "scope_missing",
      );
    }
  });

  it("may have its scopes in scp, as text or as a list", async () => {
    for (const scp of ["numbers:read", ["numbers:read", "numbers:write"]]) {
      expect((await list(await service.mint({ scope: undefined, scp }))).status).toBe(200);
    }
  });

  it("reaches its own extension, by name and by id", async () => {
    expect((await list(service.tokens.user, "me")).status).toBe(200);
    expect((await list(service.tokens.user, SEED.extensionId)).status).toBe(200);
    expect((await list(service.tokens.otherUser, "me")).body.data).not.toEqual(
      (await list(service.tokens.user, "me")).body.data,
    );
  });

  it("does not reach another extension", async () => {
    expectRejected(await list(service.tokens.user, SEED.otherExtensionId), 403, "extension_forbidden");
    expectRejected(await list(service.tokens.otherUser, SEED.extensionId), 403, "extension_forbidden");
    expectRejected(
      await list(await service.mint({ rc_extension_id: undefined })),
      403,
      "extension_forbidden",
    );
  });

  it("reaches every extension of its account with account:manage", async () => {
    expect((await list(service.tokens.admin, SEED.otherExtensionId)).status).toBe(200);
  });

  it("never reaches an account that is not served here, before anything is read, spent or written", async () => {
    const token = await service.mint({
      rc_account_id: "999",
      scope: "numbers:read account:read account:manage sync:run ops:read",
    });
    // Nothing listens there: a read of the secret or the table would not end in 403.
    const endpoints = ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SECRETS_MANAGER"];
    const before = { ...process.env };
    for (const name of endpoints) process.env[name] = "http://127.0.0.1:9";
    resetRuntime();
    expectRejected(await list(token), 403, "account_forbidden");
    expectRejected(await invoke(getLimits, getLimitsRoute, { token }), 403, "account_forbidden");
    expectRejected(await invoke(startSync, startSyncRoute, { token }), 403, "account_forbidden");
    expectRejected(
      await invoke(listCompanyNumbers, listCompanyNumbersRoute, { token }),
      403,
      "account_forbidden",
    );
    Object.assign(process.env, before);
    resetRuntime();
  });

  it("is told of a foreign extension before a fault of its query or body, however that is malformed", async () => {
    for (const body of ["{", { phoneNumber: 7 }, "x".repeat(17 * 1024)]) {
      const response = await invoke(addBlockedNumber, addBlockedNumberRoute, {
        token: service.tokens.user,
        path: { extensionId: SEED.otherExtensionId },
        query: "unknown=1",
        headers: { "content-type": "text/plain" },
        body,
      });
      expectRejected(response, 403, "extension_forbidden");
    }
    expectRejected(await list(service.tokens.user, "marta"), 400, "request_invalid");
  });
});

describe("clients without a sub", () => {
  it("have an Idempotency-Key space each", async () => {
    for (const [index, client_id] of ["first", "second"].entries()) {
      const token = await service.mint({ sub: undefined, client_id });
      const body = { phoneNumber: `+1202555017${index}` };
      const headers = { "idempotency-key": "shared-key" };
      const response = await invoke(addBlockedNumber, addBlockedNumberRoute, { token, body, headers });
      expect([client_id, response.status]).toEqual([client_id, 201]);
    }
  });
});

describe("the log of a rejected request", () => {
  it.each<[name: string, claims: Record<string, unknown>, extensionId: string, line: RegExp]>([
    ["the audience", { aud: "web" }, "me", /"claim":"aud","expected":"ringfront","found":"\\"web\\""/],
    [
      "the account",
      { rc_account_id: "3799999" },
      "me",
      /"claim":"rc_account_id".*"found":"text \*99 \(7 characters\)"/,
    ],
    [
      "the scope",
      { scope: "openid" },
      "me",
      /"claim":"scope","expected":"numbers:read","found":"\[\\"openid\\"\]"/,
    ],
    [
      "the extension",
      {},
      SEED.otherExtensionId,
      /"expected":"text \*33 \(7 characters\)","found":"text \*22/,
    ],
  ])(
    "names %s, with the request's id, and no token and no whole id",
    async (_, claims, extensionId, line) => {
      const token = await service.mint(claims);
      const lines = await linesOf(() => list(token, extensionId));
      const rejected = lines.split("\n").find((one) => one.includes('"token rejected"')) ?? "";
      expect(rejected).toMatch(line);
      expect(rejected).toContain('"requestId":"lambda-request-1"');
      for (const secret of ["3799999", SEED.extensionId, SEED.otherExtensionId, ...token.split(".")]) {
        expect(rejected).not.toContain(secret);
      }
    },
  );

  it("is written once for a claim that is no text, and the response stands", async () => {
    const token = await service.mint({ sub: 7 });
    const lines = await linesOf(async () => expectRejected(await list(token), 401, "token_invalid"));
    expect(lines).toContain('"message":"request"');
    expect(lines).toContain('"claim":"sub, client_id, azp"');
  });
});

describe("a request from a browser", () => {
  it("may read the response from an allowed origin only", async () => {
    const allowed = await list(service.tokens.user, "me", { origin: "https://app.example.com" });
    expect(allowed.headers["access-control-allow-origin"]).toBe("https://app.example.com");
    expect(allowed.headers.vary).toContain("Origin");
    const other = await list(service.tokens.user, "me", { origin: "https://evil.example.com" });
    expect(other.headers["access-control-allow-origin"]).toBeUndefined();
  });
});

describe("GET /v1/limits", () => {
  it("shows an operator what remains of each budget, and which routes spent it", async () => {
    await list(service.tokens.user);
    const response = await invoke(getLimits, getLimitsRoute, { token: service.tokens.admin });
    expectConforms(getLimitsRoute, response);
    expect(response.body.data.token).toMatchObject({ generation: 1, seenBy: "fleet" });
    const light = response.body.data.budgets.find((budget: { group: string }) => budget.group === "light");
    expect(light).toMatchObject({ limit: 50, windowSeconds: 60, pause: { state: "none" } });
    expect(light.spentByRoute).toContainEqual(expect.objectContaining({ route: "listBlockedNumbers" }));
    const expectRejected = await invoke(getLimits, getLimitsRoute, { token: service.tokens.user });
    expect(expectRejected).toMatchObject({ status: 403, body: { code: "scope_missing" } });
  });

  it("is summed up in the RateLimit headers that every caller gets", async () => {
    const { headers } = await list(service.tokens.user, "me", { "cache-control": "no-cache" });
    expect(headers["ratelimit-policy"]).toBe('"light";q=50;w=60');
    expect(headers.ratelimit).toMatch(/^"light";r=\d+$/);
  });
});
