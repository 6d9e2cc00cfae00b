import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../lib/platform/clock.ts";
import type { CredentialSource } from "../../lib/platform/credentials.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import { createOAuth } from "../../lib/ringcentral/auth/oauth.ts";
import { SharedToken } from "../../lib/ringcentral/auth/shared-token.ts";
import { serviceTokens } from "../../lib/ringcentral/auth/token-kind.ts";
import { createTransport } from "../../lib/ringcentral/http/transport.ts";
import { DynamoRecordStore } from "../../lib/storage/dynamo-record-store.ts";
import { createTable, type Engine, localCredentials, startEngine } from "../support/dynamo-engines.ts";
import { json, type Received, startLoopback } from "../support/loopback.ts";

const TABLE = `tokens-${randomUUID()}`;

/** Real parts throughout: the DynamoDB client over HTTP, got over HTTP, the system clock. */
function startInstance(n: number, accountKey: string, credentials: CredentialSource) {
  const log = createLogger({}, { write: () => {} });
  return new SharedToken({
    records: new DynamoRecordStore({ tableName: TABLE }),
    kind: serviceTokens({
      accountKey,
      credentials,
      clock: systemClock,
      oauth: createOAuth({ transport: createTransport(), clock: systemClock, log }),
    }),
    clock: systemClock,
    random: Math.random,
    instanceId: `instance-${n}`,
  });
}

const secret = (server: string, version = 1) => ({
  server,
  clientId: "app",
  clientSecret: `secret-${version}`,
  jwt: "jwt",
});
const soon = () => deadlineIn(15_000, systemClock, 0);

/** The token, asked for again as after a 503: a busy machine takes longer for the table's calls than their timeout. */
async function tokenOf(instance: SharedToken) {
  const deadline = soon();
  for (;;) {
    try {
      return await instance.get(deadline);
    } catch (error) {
      const isSlowTable = error instanceof RingCentralError && error.failure.kind === "storage";
      if (!isSlowTable || deadline.remainingMs() < 2_000) throw error;
      await systemClock.sleep(200);
    }
  }
}

const basic = ({ headers }: Received) =>
  Buffer.from(String(headers.authorization).split(" ")[1] ?? "", "base64").toString();

describe("a fleet on real HTTP", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
    await createTable(engine.endpoint, TABLE);
    vi.stubEnv("AWS_REGION", localCredentials.region);
    vi.stubEnv("AWS_ACCESS_KEY_ID", localCredentials.credentials.accessKeyId);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", localCredentials.credentials.secretAccessKey);
    vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", engine.endpoint);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await engine.stop();
  });

  it("logs in once for thirty cold starts, and once more when the token is revoked", async () => {
    let issued = 0;
    const upstream = await startLoopback((_request, response) => {
      json(response, 200, {
        access_token: `at-${++issued}`,
        token_type: "bearer",
        expires_in: 3600,
        owner_id: 7,
      });
    });
    const credentials: CredentialSource = {
      current: async () => secret(upstream.origin),
      refreshed: async () => [secret(upstream.origin)],
    };
    const fleet = Array.from({ length: 30 }, (_, n) => startInstance(n, "once", credentials));
    const tokens = await Promise.all(fleet.map(tokenOf));
    expect(new Set(tokens.map(({ value }) => value))).toEqual(new Set(["at-1"]));
    expect(tokens[0]).toMatchObject({ generation: 1, ownerId: "7", server: upstream.origin });

    const [dead] = tokens;
    if (dead === undefined) throw new Error("no token");
    const renewed = await Promise.all(
      fleet.map(async (instance) => {
        instance.reject(dead);
        return tokenOf(instance);
      }),
    );
    expect(new Set(renewed.map(({ value }) => value))).toEqual(new Set(["at-2"]));
    expect(upstream.received).toHaveLength(2);
    expect(await fleet[0]?.describe()).toMatchObject({ seenBy: "fleet", generation: 2 });
  });

  it("tries AWSPREVIOUS when RingCentral does not know the new secret yet, and no instance tries the new one again", async () => {
    const upstream = await startLoopback((request, response) => {
      if (basic(request) === "app:secret-1") json(response, 200, { access_token: "at", expires_in: 3600 });
      else json(response, 400, { error: "invalid_client", errors: [{ errorCode: "OAU-153" }] });
    });
    const credentials: CredentialSource = {
      current: async () => secret(upstream.origin, 2),
      refreshed: async () => [secret(upstream.origin, 2), secret(upstream.origin, 1)],
    };
    const fleet = Array.from({ length: 5 }, (_, n) => startInstance(n, "rotation", credentials));
    const tokens = await Promise.all(fleet.map(tokenOf));
    expect(new Set(tokens.map(({ value }) => value))).toEqual(new Set(["at"]));
    expect(upstream.received.map(basic)).toEqual(["app:secret-2", "app:secret-1"]);
  });

  it("rejects every request at once after a 429, and sends nothing more", async () => {
    const upstream = await startLoopback((_request, response) =>
      json(response, 429, { errorCode: "CMN-301" }, { "retry-after": "60" }),
    );
    const credentials: CredentialSource = {
      current: async () => secret(upstream.origin),
      refreshed: async () => [secret(upstream.origin)],
    };
    const fleet = Array.from({ length: 5 }, (_, n) => startInstance(n, "limited", credentials));
    const asked = await Promise.allSettled(fleet.map((instance) => instance.get(soon())));
    for (const outcome of asked) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { failure: { kind: "rate_limited" } } });
    }
    expect(upstream.received).toHaveLength(1);
  });
});
