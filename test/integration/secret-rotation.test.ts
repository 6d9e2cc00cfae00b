import {
  DescribeSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import { handler as getSyncStatus } from "../../functions/sync/get-sync-status.ts";
import { addBlockedNumberRoute } from "../../lib/contract/blocked-numbers.ts";
import { listForwardingNumbersRoute } from "../../lib/contract/forwarding-numbers.ts";
import { getSyncStatusRoute } from "../../lib/contract/sync.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { invoke } from "../support/api-gateway.ts";
import { type Service, startService } from "../support/service.ts";
import { SEED } from "../twin/twin.ts";

let service: Service;
beforeEach(async () => {
  service = await startService();
});
afterEach(() => service.stop());

const live = { "cache-control": "no-cache" };
const read = () =>
  invoke(listForwardingNumbers, listForwardingNumbersRoute, { token: service.tokens.user, headers: live });
let numbers = 0;
const write = () =>
  invoke(addBlockedNumber, addBlockedNumberRoute, {
    token: service.tokens.user,
    body: { phoneNumber: `+121355501${50 + numbers++}` },
  });
const tokenCalls = () => service.twin.requests.filter(({ path }) => path.endsWith("/oauth/token")).length;

/** The step of an operator or a rotation Lambda: the current version becomes AWSPREVIOUS. */
async function putSecret(changes: object): Promise<void> {
  const { clientId, clientSecret, jwt } = SEED;
  const client = new SecretsManagerClient({});
  await client.send(
    new PutSecretValueCommand({
      SecretId: process.env.RINGCENTRAL_SECRET_ID,
      SecretString: JSON.stringify({ server: service.twin.url, clientId, clientSecret, jwt, ...changes }),
    }),
  );
  client.destroy();
}

/** Sends requests before, during and after each step; every response must be a success. */
async function withTraffic(steps: (() => unknown)[]): Promise<void> {
  const responses = [await read(), await write()];
  for (const step of steps) {
    const inFlight = [read(), write(), read()];
    await step();
    responses.push(...(await Promise.all([...inFlight, read(), write()])));
  }
  // An instance that starts after the last step.
  resetRuntime();
  responses.push(...(await Promise.all([read(), write()])));
  expect(responses.map(({ status }) => status).filter((status) => status >= 400)).toEqual([]);
}

describe("a rotation fails no request", () => {
  const rotateAtRingCentral = () => service.twin.rotateClientSecret("rotated-secret");
  const rotateInSecretsManager = () => putSecret({ clientSecret: "rotated-secret" });
  const losesTokens = () => service.twin.endSessions();

  it("when Secrets Manager has the new client secret first", async () => {
    await withTraffic([rotateInSecretsManager, losesTokens, rotateAtRingCentral, losesTokens]);
    expect(tokenCalls()).toBeLessThanOrEqual(5);
  });

  it("when RingCentral has the new client secret first, and Secrets Manager has it before the next login", async () => {
    await withTraffic([rotateAtRingCentral, rotateInSecretsManager, losesTokens]);
    expect(tokenCalls()).toBeLessThanOrEqual(5);
  });

  it("when the JWT credential is rotated", async () => {
    const rotateJwt = () => service.twin.rotateJwt("rotated-jwt");
    await withTraffic([() => putSecret({ jwt: "rotated-jwt" }), losesTokens, rotateJwt, losesTokens]);
    expect(tokenCalls()).toBeLessThanOrEqual(5);
  });
});

/** `aws secretsmanager describe-secret`, then `update-secret-version-stage`, as in docs/operations.md. */
async function goBack(): Promise<void> {
  const SecretId = process.env.RINGCENTRAL_SECRET_ID;
  const client = new SecretsManagerClient({});
  const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
  const idOf = (stage: string) =>
    Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes(stage))?.[0];
  await client.send(
    new UpdateSecretVersionStageCommand({
      SecretId,
      VersionStage: "AWSCURRENT",
      MoveToVersionId: idOf("AWSPREVIOUS"),
      RemoveFromVersionId: idOf("AWSCURRENT"),
    }),
  );
  client.destroy();
}

it("the state of the sync is read without the credentials, which only a cursor or an e-mail needs", async () => {
  vi.stubEnv("RINGCENTRAL_SECRET_ID", "ringfront/test/none");
  resetRuntime();
  const token = service.tokens.service;
  const { status } = await invoke(getSyncStatus, getSyncStatusRoute, { token });
  vi.unstubAllEnvs();
  expect(status).toBe(200);
});

describe("a wrong secret", () => {
  it("stored by mistake and then rolled back fails no request", async () => {
    const putTypo = () => putSecret({ clientSecret: "a typing mistake" });
    const losesTokens = () => service.twin.endSessions();
    await withTraffic([putTypo, losesTokens, goBack, losesTokens]);
    expect(tokenCalls()).toBeLessThanOrEqual(5);
  });

  it("costs at most 4 token calls a minute, however many requests arrive", async () => {
    service.twin.rotateClientSecret("rotated-without-notice");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    try {
      for (let second = 0; second < 60; second += 6) {
        vi.setSystemTime(Date.now() + 6_000);
        const response = await read();
        expect([502, 503]).toContain(response.status);
        if (second % 12 === 0) resetRuntime();
      }
      expect(tokenCalls()).toBeGreaterThan(0);
      expect(tokenCalls()).toBeLessThanOrEqual(4);
    } finally {
      vi.useRealTimers();
    }
  });
});
