import { describe, expect, it } from "vitest";
import { systemClock } from "../../../../lib/platform/clock.ts";
import { deadlineIn } from "../../../../lib/platform/deadline.ts";
import { RingCentralError } from "../../../../lib/ringcentral/api/errors.ts";
import { createOAuth } from "../../../../lib/ringcentral/auth/oauth.ts";
import { createTransport } from "../../../../lib/ringcentral/http/transport.ts";
import { captureLog } from "../../../support/capture-log.ts";
import { json, type Respond, startLoopback } from "../../../support/loopback.ts";

const GRANT = {
  access_token: "SIM-at-1",
  token_type: "bearer",
  expires_in: 3600,
  refresh_token: "SIM-rt-1",
  refresh_token_expires_in: 604800,
  scope: "ReadAccounts EditExtensions",
  owner_id: "3800222",
  endpoint_id: "sim-endpoint",
  session_id: "sim-session-1",
};

async function setUp(respond: Respond) {
  const server = await startLoopback(respond);
  const { log, text, lines } = captureLog();
  const transport = createTransport();
  const oauth = createOAuth({ transport, clock: systemClock, log });
  const credentials = {
    server: server.origin,
    clientId: "app",
    clientSecret: "se:cret",
    jwt: "the.jwt.credential",
  };
  const deadline = deadlineIn(10_000, systemClock);
  return { ...server, oauth, credentials, deadline, text, lines };
}

async function failureOf(pending: Promise<unknown>) {
  const error = await pending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RingCentralError)) throw new Error(`expected a RingCentralError, got ${error}`);
  return error.failure;
}

describe("login", () => {
  it("exchanges the JWT credential, as the app, for a token", async () => {
    const { oauth, credentials, deadline, received } = await setUp((_, response) =>
      json(response, 200, GRANT),
    );
    expect(await oauth.login(credentials, deadline)).toEqual({
      accessToken: "SIM-at-1",
      expiresInSeconds: 3600,
      scope: "ReadAccounts EditExtensions",
      ownerId: "3800222",
    });
    const { method, url, headers, body } = received[0] ?? {};
    expect({ method, url }).toEqual({ method: "POST", url: "/restapi/oauth/token" });
    expect(headers).toMatchObject({
      authorization: `Basic ${Buffer.from("app:se:cret").toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded",
    });
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: "the.jwt.credential",
    });
  });

  it("names a public client in the body, without a Basic header", async () => {
    const { oauth, credentials, deadline, received } = await setUp((_, response) =>
      json(response, 200, GRANT),
    );
    await oauth.login({ ...credentials, clientSecret: "" }, deadline);
    expect(received[0]?.headers.authorization).toBeUndefined();
    expect(new URLSearchParams(received[0]?.body).get("client_id")).toBe("app");
  });

  it.each([1e15, "999999999"])("takes no life longer than a day: %j", async (expires_in) => {
    const { oauth, credentials, deadline } = await setUp((_, response) =>
      json(response, 200, { ...GRANT, expires_in }),
    );
    expect(await oauth.login(credentials, deadline)).toMatchObject({ expiresInSeconds: 86_400 });
  });

  it("needs no more than a token and its lifetime", async () => {
    const { oauth, credentials, deadline } = await setUp((_, response) =>
      json(response, 200, {
        access_token: "SIM-at-1",
        expires_in: "7199",
        owner_id: 3800222,
        refresh_token: null,
      }),
    );
    expect(await oauth.login(credentials, deadline)).toEqual({
      accessToken: "SIM-at-1",
      expiresInSeconds: 7199,
      ownerId: "3800222",
    });
  });

  it.each([
    ["no token", { expires_in: 3600 }],
    ["a token that no header can hold", { ...GRANT, access_token: "SIM\r\nX-Evil: 1" }],
    ["a token beyond ASCII", { ...GRANT, access_token: "tokén" }],
    ["no lifetime", { access_token: "SIM-at-1" }],
    ["another kind of token", { ...GRANT, token_type: "mac" }],
    ["something else", "<html></html>"],
  ])(
    "with %s in the response is a bad response, and its error does not quote the response",
    async (_, body) => {
      const { oauth, credentials, deadline } = await setUp((_request, response) => json(response, 200, body));
      const failure = await failureOf(oauth.login(credentials, deadline));
      expect(failure).toMatchObject({ kind: "bad_response", operation: "login", status: 200 });
      expect(String(failure.cause)).not.toContain("SIM-at-1");
    },
  );

  it.each([
    [400, "invalid_client", "OAU-153"],
    [400, "invalid_grant", "OAU-213"],
    [400, "unauthorized_client", "OAU-251"],
    [400, "invalid_request", "OAU-250"],
    [401, "invalid_client", "OAU-153"],
    [403, "invalid_client", "CMN-408"],
  ])("rejected by %d %s %s is kind auth, with both codes", async (status, error, errorCode) => {
    const body = { error, error_description: "…", errors: [{ errorCode, message: "…" }] };
    const { oauth, credentials, deadline } = await setUp((_, response) => json(response, status, body));
    expect(await failureOf(oauth.login(credentials, deadline))).toMatchObject({
      kind: "auth",
      operation: "login",
      status,
      oauthError: error,
      errorCode,
      mayHaveTakenEffect: false,
    });
  });

  it("rejected without an OAuth error is kind auth too", async () => {
    const { oauth, credentials, deadline } = await setUp((_, response) =>
      json(response, 400, { errorCode: "OAU-142", errors: [{ errorCode: "OAU-142" }] }),
    );
    expect(await failureOf(oauth.login(credentials, deadline))).toMatchObject({
      kind: "auth",
      errorCode: "OAU-142",
    });
  });

  it("after a 429 is kind rate_limited, with its Retry-After", async () => {
    const { oauth, credentials, deadline, received } = await setUp((_, response) =>
      json(response, 429, { errorCode: "CMN-301" }, { "retry-after": "60" }),
    );
    expect(await failureOf(oauth.login(credentials, deadline))).toMatchObject({
      kind: "rate_limited",
      retryAfterMs: 60_000,
    });
    expect(received).toHaveLength(1);
  });

  it("after a 429 because another login is under way says nothing of the credentials", async () => {
    const { oauth, credentials, deadline } = await setUp((_, response) =>
      json(response, 429, { errorCode: "CMN-304" }),
    );
    expect((await failureOf(oauth.login(credentials, deadline))).kind).not.toBe("auth");
  });

  it.each([
    [500, "bad_response"],
    [501, "bad_response"],
    [503, "unavailable"],
  ])("after a %d is kind %s, and is not repeated", async (status, kind) => {
    const { oauth, credentials, deadline, received, lines } = await setUp((_, response) =>
      json(response, status, {}),
    );
    expect((await failureOf(oauth.login(credentials, deadline))).kind).toBe(kind);
    expect(received).toHaveLength(1);
    expect(lines()).toMatchObject([{ level: "warn", message: "ringcentral token call", status, kind }]);
  });

  it("does not take the JWT to another origin", async () => {
    const elsewhere = await startLoopback((_, response) => json(response, 200, GRANT));
    const { oauth, credentials, deadline } = await setUp((_, response) =>
      response.writeHead(307, { location: `${elsewhere.origin}/restapi/oauth/token` }).end(),
    );
    expect((await failureOf(oauth.login(credentials, deadline))).kind).toBe("bad_response");
    expect(elsewhere.received).toEqual([]);
  });

  it("is logged without a secret", async () => {
    const { oauth, credentials, deadline, text, lines } = await setUp((_, response) =>
      json(response, 200, GRANT),
    );
    await oauth.login(credentials, deadline);
    expect(lines()).toMatchObject([{ level: "info", operation: "login", group: "auth", status: 200 }]);
    for (const secret of ["se:cret", "the.jwt.credential", "SIM-at-1", "SIM-rt-1"]) {
      expect(text()).not.toContain(secret);
    }
  });
});

describe("revoke", () => {
  it("names the token and says whether it was confirmed", async () => {
    const { oauth, credentials, deadline, received } = await setUp((_, response) => json(response, 200, {}));
    expect(await oauth.revoke(credentials, "SIM-at-1", deadline)).toBe(true);
    expect(received[0]).toMatchObject({ url: "/restapi/oauth/revoke", body: "token=SIM-at-1" });
  });

  it("reports an error as unconfirmed", async () => {
    const { oauth, credentials, deadline } = await setUp((_, response) =>
      json(response, 400, { error: "invalid_token" }),
    );
    expect(await oauth.revoke(credentials, "SIM-at-1", deadline)).toBe(false);
  });
});
