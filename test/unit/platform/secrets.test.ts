import { createServer, type ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { systemClock } from "../../../lib/platform/clock.ts";
import { SecretUnavailableError } from "../../../lib/platform/credentials.ts";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { createSealingKeys } from "../../../lib/platform/sealing-keys.ts";
import { createCredentialSource } from "../../../lib/platform/secrets.ts";
import { ConfigurationError } from "../../../lib/platform/settings.ts";
import { leapingClock } from "../../support/manual-clock.ts";

const SECRET = { server: "https://rc.test", clientId: "app", clientSecret: "s1", jwt: "j1" };
const ROTATED = { ...SECRET, clientSecret: "s2" };

interface Asked {
  SecretId: string;
  VersionStage: string;
}

type Respond = (asked: Asked, response: ServerResponse) => void;

function give(response: ServerResponse, value: unknown): void {
  response.setHeader("content-type", "application/x-amz-json-1.1");
  response.end(JSON.stringify({ Name: "s", SecretString: JSON.stringify(value) }));
}

function fail(response: ServerResponse, status: number, type: string): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
  response.end(JSON.stringify({ __type: type, message: "…" }));
}

/** A Secrets Manager on a free port, found by the standard AWS variable. */
async function startSecretsManager(respond: Respond) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      expect(request.headers["x-amz-target"]).toBe("secretsmanager.GetSecretValue");
      const entry: Asked = JSON.parse(body);
      asked.push(entry);
      respond(entry, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  vi.stubEnv("AWS_ENDPOINT_URL_SECRETS_MANAGER", `http://127.0.0.1:${address.port}`);
  return { asked };
}

const TTL_MS = 300_000;

function setUp() {
  const clock = leapingClock();
  const source = createCredentialSource("rc/account", clock);
  const deadline = () => deadlineIn(10_000, clock);
  return { clock, source, deadline };
}

beforeEach(() => {
  vi.stubEnv("AWS_REGION", "eu-central-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the current credentials", () => {
  it("are AWSCURRENT of the named secret", async () => {
    const { asked } = await startSecretsManager((_, response) => give(response, SECRET));
    const { source, deadline } = setUp();
    expect(await source.current(deadline())).toEqual(SECRET);
    expect(asked).toEqual([{ SecretId: "rc/account", VersionStage: "AWSCURRENT" }]);
  });

  it("are read once for simultaneous callers, and cached for the TTL", async () => {
    const { asked } = await startSecretsManager((_, response) => give(response, SECRET));
    const { source, clock, deadline } = setUp();
    await Promise.all(Array.from({ length: 20 }, () => source.current(deadline())));
    clock.leap(TTL_MS - 1);
    await source.current(deadline());
    expect(asked).toHaveLength(1);
    clock.leap(1);
    await source.current(deadline());
    expect(asked).toHaveLength(2);
  });

  it("stay in use for an hour while Secrets Manager is unreachable, without a read at each call", async () => {
    let away = false;
    const { asked } = await startSecretsManager((_, response) =>
      away ? fail(response, 400, "ThrottlingException") : give(response, SECRET),
    );
    const { source, clock, deadline } = setUp();
    await source.current(deadline());
    away = true;
    clock.leap(TTL_MS);
    expect(await source.current(deadline())).toEqual(SECRET);
    const asked1 = asked.length;
    expect(await source.current(deadline())).toEqual(SECRET);
    expect(asked).toHaveLength(asked1);
    clock.leap(3_700_000);
    await expect(source.current(deadline())).rejects.toThrow(SecretUnavailableError);
  });

  it("are dropped when the secret becomes malformed", async () => {
    let value: unknown = SECRET;
    await startSecretsManager((_, response) => give(response, value));
    const { source, clock, deadline } = setUp();
    await source.current(deadline());
    value = { ...SECRET, jwt: 1 };
    clock.leap(TTL_MS);
    await expect(source.current(deadline())).rejects.toMatchObject({ setting: "secret field jwt" });
  });

  it("are not cached after a failed read", async () => {
    let value: unknown = {};
    await startSecretsManager((_, response) => give(response, value));
    const { source, deadline } = setUp();
    await expect(source.current(deadline())).rejects.toThrow(ConfigurationError);
    value = SECRET;
    expect(await source.current(deadline())).toEqual(SECRET);
  });
});

describe("the refreshed credentials", () => {
  const stages = (current: unknown, previous: unknown): Respond => {
    return ({ VersionStage }, response) => {
      const value = VersionStage === "AWSCURRENT" ? current : previous;
      if (value === undefined) fail(response, 400, "ResourceNotFoundException");
      else give(response, value);
    };
  };

  it("bypass the cache: AWSCURRENT, then AWSPREVIOUS", async () => {
    const { asked } = await startSecretsManager(stages(ROTATED, SECRET));
    const { source, deadline } = setUp();
    await source.current(deadline());
    expect(await source.refreshed(deadline())).toEqual([ROTATED, SECRET]);
    expect(asked.map(({ VersionStage }) => VersionStage)).toEqual([
      "AWSCURRENT",
      "AWSCURRENT",
      "AWSPREVIOUS",
    ]);
  });

  it("become the current ones", async () => {
    let current = SECRET;
    await startSecretsManager((asked, response) => stages(current, undefined)(asked, response));
    const { source, deadline } = setUp();
    await source.current(deadline());
    current = ROTATED;
    await source.refreshed(deadline());
    expect(await source.current(deadline())).toEqual(ROTATED);
  });

  it.each([
    ["there is none", undefined],
    ["it is the same", { ...SECRET, server: "https://rc.test/" }],
    ["it is malformed", { jwt: 1 }],
  ])("are only AWSCURRENT when for AWSPREVIOUS %s", async (_, previous) => {
    await startSecretsManager(stages(SECRET, previous));
    const { source, deadline } = setUp();
    expect(await source.refreshed(deadline())).toEqual([SECRET]);
  });
});

describe("a failed read", () => {
  it.each([
    [400, "ResourceNotFoundException"],
    [400, "AccessDeniedException"],
    [400, "InvalidRequestException"],
    [400, "UnrecognizedClientException"],
  ])("%d %s is a fault that an operator must fix", async (status, type) => {
    await startSecretsManager((_, response) => fail(response, status, type));
    const { source, deadline } = setUp();
    await expect(source.current(deadline())).rejects.toMatchObject({
      name: "ConfigurationError",
      setting: "RINGCENTRAL_SECRET_ID",
    });
  });

  it("500 is retried once, and then means unavailable", async () => {
    const { asked } = await startSecretsManager((_, response) => fail(response, 500, "InternalServiceError"));
    const { source, deadline } = setUp();
    await expect(source.current(deadline())).rejects.toThrow(SecretUnavailableError);
    expect(asked).toHaveLength(2);
  });

  it("a dropped connection means unavailable", async () => {
    await startSecretsManager((_, response) => response.socket?.resetAndDestroy());
    const { source, deadline } = setUp();
    await expect(source.current(deadline())).rejects.toThrow(SecretUnavailableError);
  });

  it("a secret without text is a fault that an operator must fix", async () => {
    await startSecretsManager((_, response) => response.end("{}"));
    const { source, deadline } = setUp();
    await expect(source.current(deadline())).rejects.toMatchObject({ setting: "secret" });
  });

  it("ends with the deadline, and does not fail a caller with more time", async () => {
    let silent = true;
    const { asked } = await startSecretsManager((_, response) => {
      if (!silent) give(response, SECRET);
      silent = false;
    });
    const source = createCredentialSource("rc/account", systemClock);
    const hurried = source.current(deadlineIn(80, systemClock, 0));
    const patient = source.current(deadlineIn(5_000, systemClock, 0));
    await expect(hurried).rejects.toMatchObject({ name: "SecretUnavailableError", deadlineExceeded: true });
    expect(await patient).toEqual(SECRET);
    expect(asked).toHaveLength(2);
  });
});

describe("the keys that seal sessions", () => {
  const read = (value: unknown) => {
    const reading = startSecretsManager((_, response) => give(response, value));
    const clock = leapingClock();
    return reading.then(() => createSealingKeys("sessions", clock).current(deadlineIn(5_000, clock)));
  };

  it("are 256 bits each, and at least one", async () => {
    const sealingKeys = ["A".repeat(43), "B".repeat(43)];
    expect(await read({ sealingKeys })).toEqual({ sealingKeys });
    expect(await read({ sealingKeys: "A".repeat(64) })).toEqual({ sealingKeys: ["A".repeat(64)] });
    for (const wrong of [[], [""], ["short"], "short"]) {
      await expect(read({ sealingKeys: wrong })).rejects.toThrow("secret field sealingKeys");
    }
  });

  it("are missed by the name of their setting", async () => {
    await startSecretsManager((_, response) => fail(response, 400, "ResourceNotFoundException"));
    const clock = leapingClock();
    const reading = createSealingKeys("sessions", clock).current(deadlineIn(5_000, clock));
    await expect(reading).rejects.toThrow("SESSION_SECRET_ID names no secret");
  });
});
