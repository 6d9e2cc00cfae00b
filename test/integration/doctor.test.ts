import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { projectRoot } from "../../infra/build/bundle.ts";
import { type Examination, examine } from "../../infra/doctor/examine.ts";
import { writeReport } from "../../infra/doctor/report.ts";
import { startSecretsEndpoint } from "../../infra/local/secrets-endpoint.ts";
import { systemClock } from "../../lib/platform/clock.ts";
import { SEED, startTwin } from "../twin/twin.ts";

const twin = await startTwin({ numbers: 30 });
afterAll(() => twin.close());
beforeEach(() => twin.reset());

const { apps, jwts } = SEED;
const admin = {
  server: twin.url,
  clientId: SEED.clientId as string,
  clientSecret: SEED.clientSecret as string,
  jwt: SEED.jwt as string,
};

interface Patient {
  credentials?: Partial<typeof admin>;
  extensionId?: string;
  accountId?: string;
  now?: number;
}

async function visit({ credentials, now, ...options }: Patient = {}) {
  const clock = now === undefined ? systemClock : { ...systemClock, now: () => now };
  const examination = await examine({ credentials: { ...admin, ...credentials }, clock, ...options });
  return { ...examination, report: writeReport({ name: "somebody", ...examination }, false) };
}
const failedChecks = ({ findings }: Examination) =>
  findings.filter(({ outcome }) => outcome === "failed").map(({ check }) => check);
const calls = (operation: string) =>
  twin.requests.filter((request) => request.operation === operation).length;

/** Whatever is wrong, the doctor is a polite guest. */
function expectPoliteness() {
  expect(calls("token")).toBeLessThanOrEqual(1);
  expect(calls("listCompanyNumbers")).toBeLessThanOrEqual(1);
  const written = twin.requests.filter(
    ({ method, operation }) => method !== "GET" && operation !== "token" && operation !== "revoke",
  );
  expect(written).toEqual([]);
}

describe("the doctor", () => {
  test("finds nothing wrong with a good credential, and says whose it is", async () => {
    const patient = await visit();
    expect(patient.findings.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
    expect(patient).toMatchObject({ accountId: SEED.accountId, extensionId: SEED.adminExtensionId });
    expect(patient.report).toContain("Everything is in order.");
    expect(patient.report).toContain("light 50 calls in 60 s, heavy 10 calls in 60 s");
    expectPoliteness();
  });

  test("leaves no login behind, and no other one harmed", async () => {
    await visit();
    expect(calls("revoke")).toBe(1);
    expect(twin.requests.at(-1)?.operation).toBe("revoke");
  });

  test("is content where blocked-number is no longer served", async () => {
    twin.configure({ legacyBlockedNumbers: false });
    const patient = await visit();
    expect(failedChecks(patient)).toEqual([]);
    expect(patient.report).toMatch(/ok +blocked numbers +.*caller blocking takes their place/);
  });

  test("takes EditAccounts for both permissions that it includes", async () => {
    expect(failedChecks(await visit({ credentials: apps.editAccounts }))).toEqual([]);
  });

  test.each([
    ["a wrong client secret", { clientSecret: "of-last-year" }, "the client secret does not belong to it"],
    ["a JWT credential that nobody knows", { jwt: "of-last-year" }, "it is unknown, has expired"],
    ["a JWT credential that has expired", { jwt: jwts.expired }, "it is unknown, has expired"],
    ["an app that may not use JWT credentials", apps.noJwtGrant, 'choose "JWT auth flow"'],
    ["an app of the sandbox", apps.sandbox, "registered for RingCentral's sandbox only"],
    ["a disabled user", { jwt: jwts.disabled }, "is not enabled"],
    ["a suspended account", { jwt: jwts.suspendedAccount }, "the account is not active"],
    ["a user who is locked out", { jwt: jwts.lockedOut }, "locked out"],
    ["a role that may not log in through apps", { jwt: jwts.noThirdPartyApps }, "ThirdPartyAppAccess"],
  ])("tells %s at the login, and goes no further", async (_, credentials, sentence) => {
    const patient = await visit({ credentials });
    expect(failedChecks(patient)).toEqual(["login"]);
    expect(patient.report).toContain(sentence);
    expect(patient.report).toMatch(/- +reading +not checked: there is no login/);
    expect(twin.requests.map(({ operation }) => operation)).toEqual(["token"]);
  });

  test("tells permissions that the app lacks, each with the person who adds it", async () => {
    const readOnly = await visit({ credentials: apps.readOnly });
    expect(failedChecks(readOnly)).toEqual(["app permissions"]);
    expect(readOnly.report).toContain("the app lacks EditExtensions");
    expect(readOnly.report).toContain("The app's owner, in RingCentral's developer console");
    expectPoliteness();
  });

  test("tells that EditExtensions does not include reading", async () => {
    const patient = await visit({ credentials: apps.editOnly });
    expect(failedChecks(patient)).toEqual(["app permissions", "who it is"]);
    expect(patient.report).toContain("the app lacks ReadAccounts");
    expect(patient.report).toMatch(/- +reading +not checked/);
  });

  test("tells each permission that the user's role lacks, and what that costs", async () => {
    twin.setPermissions({ user: ["ThirdPartyAppAccess", "ReadBlockedNumbers", "ReadUserPhoneNumbers"] });
    const patient = await visit();
    expect(failedChecks(patient)).toEqual(Array(4).fill("user permissions"));
    expect(patient.report).toContain("lacks EditBlockedNumbers: blocking and allowing numbers");
    expect(patient.report).toMatch(/- +company numbers +not checked: the role lacks ReadCompanyPhoneNumbers/);
    expect(patient.report).toContain("4 things must be fixed.");
    expect(calls("listCompanyNumbers")).toBe(0);
    expectPoliteness();
  });

  test("finds the lack by reading where RingCentral does not list permissions", async () => {
    const fault = { kind: "status", status: 404, errorCode: "AGW-404", times: 1 } as const;
    twin.faults.add({ ...fault, operation: "readAuthorizationProfile" });
    twin.setPermissions({ user: ["ReadBlockedNumbers", "ThirdPartyAppAccess"] });
    const patient = await visit();
    expect(failedChecks(patient)).toEqual(["forwarding numbers", "extension's numbers", "company numbers"]);
    expect(patient.report).toContain("the user's role lacks ReadUserForwardingFlipNumbers");
  });

  test("warns when the role sees only a part of the company's numbers", async () => {
    const patient = await visit({ credentials: { jwt: jwts.user } });
    expect(failedChecks(patient)).toEqual([]);
    expect(patient.report).toMatch(/warning +company numbers +the company's main number is not shown/);
    expect(patient.report).toContain("It will work, with reservations.");
  });

  test("tells that another extension is out of reach", async () => {
    const patient = await visit({ credentials: { jwt: jwts.user }, extensionId: SEED.otherExtensionId });
    expect(failedChecks(patient)).toContain("forwarding numbers");
    expect(patient.report).toContain("the user may not reach another extension");
  });

  test("tells that the credential is of another account than expected", async () => {
    const patient = await visit({ accountId: "42" });
    expect(failedChecks(patient)).toEqual(["who it is"]);
    expect(patient.report).toContain(`Use --account ${SEED.accountId}`);
  });

  test("waits out no rate limit at the login: it says how long to stay away", async () => {
    twin.configure({ limits: { Auth: 0 } });
    const patient = await visit();
    expect(failedChecks(patient)).toEqual(["login"]);
    expect(patient.report).toMatch(/Wait \d+ seconds before anything calls again/);
    expect(calls("token")).toBe(1);
  });

  test("sends nothing more of a group whose limit is reached", async () => {
    twin.configure({ limits: { Light: 3 } });
    const patient = await visit();
    expect(failedChecks(patient)).toEqual(["caller blocking"]);
    expect(patient.report).toMatch(/- +forwarding numbers +not checked: the rate limit is reached/);
    expect(patient.report).toMatch(/ok +company numbers/);
  });

  test("warns of a clock that is far off", async () => {
    const patient = await visit({ now: Date.now() - 300_000 });
    expect(patient.report).toMatch(/warning +clock +this machine's clock is (299|300|301) seconds behind/);
  });

  test.each([
    ["nothing answers", "http://127.0.0.1:9", "nothing answers at that address"],
    ["there is no such name", "http://no-such-host.invalid", "(DNS)"],
  ])("tells when %s", async (_, server, sentence) => {
    const patient = await visit({ credentials: { server } });
    expect(failedChecks(patient)).toEqual(["connection"]);
    expect(patient.report).toContain(sentence);
    expect(patient.report).toMatch(/- +login +not checked: there is no connection/);
  });

  test("shows no secret, whatever is wrong", async () => {
    const visits = [
      {},
      { credentials: { jwt: jwts.limited } },
      { credentials: { clientSecret: "wrong-secret" } },
    ];
    for (const patient of visits) {
      const shown = JSON.stringify(await visit(patient));
      expect(shown).not.toMatch(/twin-app-secret|wrong-secret|twin-jwt|twin-at-|\+1\d{10}/);
    }
  });
});

describe("npm run doctor", () => {
  const run = async (args: string[], env: Record<string, string> = {}) => {
    const command = [join(projectRoot, "infra/doctor/doctor.ts"), ...args];
    try {
      const { stdout } = await promisify(execFile)(process.execPath, command, {
        env: { ...process.env, ...env },
      });
      return { code: 0, output: stdout };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, output: stdout + stderr };
    }
  };

  test("ends with 0 for a healthy credential and with 1 for an ill one", async () => {
    const healthy = await run(["--upstream", twin.url]);
    expect(healthy).toMatchObject({ code: 0, output: expect.stringContaining("Everything is in order.") });
    const env = { RINGCENTRAL_CLIENT_ID: "twin-app", RINGCENTRAL_CLIENT_SECRET: "x", RINGCENTRAL_JWT: "y" };
    const ill = await run(["--upstream", twin.url, "--json"], env);
    expect(ill.code).toBe(1);
    expect(JSON.parse(ill.output)).toMatchObject({ healthy: false, findings: expect.any(Array) });
  });

  test("checks what a secret holds, and names the field that is wrong without showing it", async () => {
    const secrets = await startSecretsEndpoint({
      good: JSON.stringify(admin),
      bad: JSON.stringify({ ...admin, server: "http://ringcentral.example" }),
    });
    const env = {
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
    };
    try {
      expect((await run(["--secret-id", "good"], env)).code).toBe(0);
      const bad = await run(["--secret-id", "bad"], env);
      expect(bad.code).toBe(1);
      expect(bad.output).toMatch(/FAILED +credentials +.*server.* is not https/);
      expect((await run(["--secret-id", "none"], env)).output).toContain("the secret cannot be read");
    } finally {
      await secrets.close();
    }
  });

  test("says what is missing when it is not told which credentials", async () => {
    const { code, output } = await run(["--upstream", "https://platform.ringcentral.com"]);
    expect(code).toBe(1);
    expect(output).toContain("RINGCENTRAL_CLIENT_ID, RINGCENTRAL_CLIENT_SECRET, RINGCENTRAL_JWT are not set");
  });
});
