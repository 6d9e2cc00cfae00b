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

interface Options {
  credentials?: Partial<typeof admin>;
  extensionId?: string;
  accountId?: string;
  now?: number;
}

async function runDoctor({ credentials, now, ...options }: Options = {}) {
  const clock = now === undefined ? systemClock : { ...systemClock, now: () => now };
  const examination = await examine({ credentials: { ...admin, ...credentials }, clock, ...options });
  return { ...examination, report: writeReport({ name: "example", ...examination }, false) };
}
const failedChecks = ({ findings }: Examination) =>
  findings.filter(({ outcome }) => outcome === "failed").map(({ check }) => check);
const calls = (operation: string) =>
  twin.requests.filter((request) => request.operation === operation).length;

/** At most one login and one heavy call, and no writes, whatever is wrong. */
function expectFewCalls() {
  expect(calls("token")).toBeLessThanOrEqual(1);
  expect(calls("listCompanyNumbers")).toBeLessThanOrEqual(1);
  const written = twin.requests.filter(
    ({ method, operation }) => method !== "GET" && operation !== "token" && operation !== "revoke",
  );
  expect(written).toEqual([]);
}

describe("the doctor", () => {
  test("finds nothing wrong with a good credential, and names its account and user", async () => {
    const run = await runDoctor();
    expect(run.findings.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
    expect(run).toMatchObject({ accountId: SEED.accountId, extensionId: SEED.adminExtensionId });
    expect(run.report).toContain("Everything is in order.");
    expect(run.report).toContain("light 50 calls in 60 s, medium 40 calls in 60 s, heavy 10 calls in 60 s");
    expectFewCalls();
  });

  test("leaves no login behind, and ends no other one", async () => {
    await runDoctor();
    expect(calls("revoke")).toBe(1);
    expect(twin.requests.at(-1)?.operation).toBe("revoke");
  });

  test.each(["AGW-404", "html-404", "501"] as const)(
    "accepts that RingCentral no longer serves blocked-number: %s",
    async (unroutedAs) => {
      twin.configure({ legacyBlockedNumbers: false, unroutedAs });
      const run = await runDoctor();
      expect(failedChecks(run)).toEqual([]);
      expect(run.report).toMatch(/ok +blocked numbers +.*caller blocking takes their place/);
    },
  );

  test("warns of limited mode, in which all else works", async () => {
    twin.configure({ limitedMode: true });
    const run = await runDoctor();
    expect(failedChecks(run)).toEqual([]);
    expect(run.report).toMatch(/warning +limited mode +RingCentral is in limited mode/);
    expectFewCalls();
  });

  test("accepts EditAccounts for both permissions that it includes", async () => {
    expect(failedChecks(await runDoctor({ credentials: apps.editAccounts }))).toEqual([]);
  });

  test.each([
    ["a wrong client secret", { clientSecret: "of-last-year" }, "the client secret does not belong to it"],
    ["an unknown JWT credential", { jwt: "of-last-year" }, "it is unknown, has expired"],
    ["a JWT credential that has expired", { jwt: jwts.expired }, "it is unknown, has expired"],
    ["an app that may not use JWT credentials", apps.noJwtGrant, 'choose "JWT auth flow"'],
    ["an app of the sandbox", apps.sandbox, "registered for RingCentral's sandbox only"],
    ["a disabled user", { jwt: jwts.disabled }, "is not enabled"],
    ["a suspended account", { jwt: jwts.suspendedAccount }, "the account is not active"],
    ["a user who is locked out", { jwt: jwts.lockedOut }, "locked out"],
    ["a role that may not log in through apps", { jwt: jwts.noThirdPartyApps }, "ThirdPartyAppAccess"],
  ])("reports %s at the login, and stops there", async (_, credentials, sentence) => {
    const run = await runDoctor({ credentials });
    expect(failedChecks(run)).toEqual(["login"]);
    expect(run.report).toContain(sentence);
    expect(run.report).toMatch(/- +reading +not checked: there is no login/);
    expect(twin.requests.map(({ operation }) => operation)).toEqual(["token"]);
  });

  test("reports each permission that the app lacks, with the person who adds it", async () => {
    const readOnly = await runDoctor({ credentials: apps.readOnly });
    expect(failedChecks(readOnly)).toEqual(["app permissions"]);
    expect(readOnly.report).toContain("the app lacks EditExtensions");
    expect(readOnly.report).toContain("The app's owner, in RingCentral's developer console");
    expectFewCalls();
  });

  test("reports that EditExtensions does not include reading", async () => {
    const run = await runDoctor({ credentials: apps.editOnly });
    expect(failedChecks(run)).toEqual(["app permissions", "who it is"]);
    expect(run.report).toContain("the app lacks ReadAccounts");
    expect(run.report).toMatch(/- +reading +not checked/);
  });

  test("reports each permission that the user's role lacks, and the consequence", async () => {
    twin.setPermissions({ user: ["ThirdPartyAppAccess", "ReadBlockedNumbers", "ReadUserPhoneNumbers"] });
    const run = await runDoctor();
    expect(failedChecks(run)).toEqual(Array(4).fill("user permissions"));
    expect(run.report).toContain("lacks EditBlockedNumbers: blocking and allowing numbers");
    expect(run.report).toMatch(/- +company numbers +not checked: the role lacks ReadCompanyPhoneNumbers/);
    expect(run.report).toContain("4 things must be fixed.");
    expect(calls("listCompanyNumbers")).toBe(0);
    expectFewCalls();
  });

  test.each([
    ["legacy", true, "ok", "on the former backend"],
    ["legacy", false, "warning", "the role also needs ReadUserAnsweringRules and EditUserAnsweringRules"],
    ["new", true, "ok", "on RingCentral's new backend"],
    ["new", false, "FAILED", "for which the role lacks ReadUserAnsweringRules and EditUserAnsweringRules"],
  ] as const)(
    "tells the call handling and what it needs: %s, may: %s",
    async (to, may, outcome, sentence) => {
      const readings = ["ReadBlockedNumbers", "EditBlockedNumbers", "ReadUserForwardingFlipNumbers"];
      const others = ["EditUserForwardingFlipNumbers", "ReadCompanyPhoneNumbers", "ReadUserPhoneNumbers"];
      const rules = may ? ["ReadUserAnsweringRules", "EditUserAnsweringRules"] : [];
      twin.setPermissions({
        user: ["ThirdPartyAppAccess", "ReadExtensions", ...readings, ...others, ...rules],
      });
      if (to === "new") twin.callHandling.move({ extensionId: SEED.adminExtensionId });
      const { report } = await runDoctor();
      expect(report).toMatch(new RegExp(`${outcome} +call handling +.*${sentence}`));
      expect(report).toMatch(
        to === "new" ? /moved extensions +1 of 8 users/ : /moved extensions +0 of 8 users/,
      );
    },
  );

  test("finds missing permissions by reading when RingCentral does not list them", async () => {
    const fault = { kind: "status", status: 404, errorCode: "AGW-404", times: 1 } as const;
    twin.faults.add({ ...fault, operation: "readAuthorizationProfile" });
    twin.setPermissions({ user: ["ReadBlockedNumbers", "ThirdPartyAppAccess"] });
    const run = await runDoctor();
    expect(failedChecks(run)).toEqual(["forwarding numbers", "extension's numbers", "company numbers"]);
    expect(run.report).toContain("the user's role lacks ReadUserForwardingFlipNumbers");
  });

  test("warns when the role sees only some of the company's numbers", async () => {
    const run = await runDoctor({ credentials: { jwt: jwts.user } });
    expect(failedChecks(run)).toEqual([]);
    expect(run.report).toMatch(/warning +company numbers +the company's main number is not shown/);
    expect(run.report).toContain("It will work, with reservations.");
  });

  test("reports that another extension is out of reach", async () => {
    const run = await runDoctor({ credentials: { jwt: jwts.user }, extensionId: SEED.otherExtensionId });
    expect(failedChecks(run)).toContain("forwarding numbers");
    expect(run.report).toContain("the user may not reach another extension");
  });

  test("reports that the credential belongs to another account than expected", async () => {
    const run = await runDoctor({ accountId: "42" });
    expect(failedChecks(run)).toEqual(["who it is"]);
    expect(run.report).toContain(`Use --account ${SEED.accountId}`);
  });

  test("does not wait for the rate limit of the login: it says how long to stop calling", async () => {
    twin.configure({ limits: { Auth: 0 } });
    const run = await runDoctor();
    expect(failedChecks(run)).toEqual(["login"]);
    expect(run.report).toMatch(/Wait \d+ seconds before anything calls again/);
    expect(calls("token")).toBe(1);
  });

  test("sends nothing more in a group whose limit is reached", async () => {
    twin.configure({ limits: { Light: 2 } });
    const run = await runDoctor();
    expect(failedChecks(run)).toEqual(["caller blocking"]);
    expect(run.report).toMatch(/- +forwarding numbers +not checked: the rate limit is reached/);
    expect(run.report).toMatch(/ok +company numbers/);
  });

  test("warns of a clock that is far off", async () => {
    const run = await runDoctor({ now: Date.now() - 300_000 });
    expect(run.report).toMatch(/warning +clock +this machine's clock is (299|300|301) seconds behind/);
  });

  test.each([
    ["nothing listens", "http://127.0.0.1:9", "nothing listens at that address"],
    ["there is no such name", "http://no-such-host.invalid", "(DNS)"],
  ])("reports that %s", async (_, server, sentence) => {
    const run = await runDoctor({ credentials: { server } });
    expect(failedChecks(run)).toEqual(["connection"]);
    expect(run.report).toContain(sentence);
    expect(run.report).toMatch(/- +login +not checked: there is no connection/);
  });

  test("shows no secret, whatever is wrong", async () => {
    const runs = [
      {},
      { credentials: { jwt: jwts.limited } },
      { credentials: { clientSecret: "wrong-secret" } },
    ];
    for (const run of runs) {
      const shown = JSON.stringify(await runDoctor(run));
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

  test("exits with 0 for a healthy credential and with 1 for a faulty one", async () => {
    const healthy = await run(["--upstream", twin.url]);
    expect(healthy).toMatchObject({ code: 0, output: expect.stringContaining("Everything is in order.") });
    const env = { RINGCENTRAL_CLIENT_ID: "twin-app", RINGCENTRAL_CLIENT_SECRET: "x", RINGCENTRAL_JWT: "y" };
    const ill = await run(["--upstream", twin.url, "--json"], env);
    expect(ill.code).toBe(1);
    expect(JSON.parse(ill.output)).toMatchObject({ healthy: false, findings: expect.any(Array) });
  });

  test("checks a secret's content, and names the wrong field without its value", async () => {
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

  test("says which option is missing when no credential is given", async () => {
    const { code, output } = await run(["--upstream", "https://platform.ringcentral.com"]);
    expect(code).toBe(1);
    expect(output).toContain("RINGCENTRAL_CLIENT_ID, RINGCENTRAL_CLIENT_SECRET, RINGCENTRAL_JWT are not set");
  });
});
