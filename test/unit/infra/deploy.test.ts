import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { projectRoot } from "../../../infra/build/bundle.ts";
import type { Template } from "../../../infra/build/template.ts";
import type { AwsAccount } from "../../../infra/deploy/aws-account.ts";
import { gatewayCheck } from "../../../infra/deploy/own-issuer.ts";
import { deployVariables, describePlan, readPlan } from "../../../infra/deploy/plan.ts";
import { checkAccount, checkIdentity } from "../../../infra/deploy/preflight.ts";
import { type AuthorizerParameter, gatewayAuthorizers } from "../../../infra/resources/authorizers.ts";
import { serverlessFunctions } from "../../../infra/resources/functions.ts";
import { everySetting, packageService } from "./packaged-service.ts";

const good = { AUTH_ISSUER: "https://issuer.example.com", AUTH_AUDIENCE: "ios", SERVED_ACCOUNTS: "3700111" };
const prod = { stage: "prod", region: "us-east-1" };

describe("the plan", () => {
  test("names the stack, the region, and every variable with its value or its default", () => {
    const plan = readPlan({ ...prod, param: ["rollbackOnAlarms=false"] }, everySetting);
    expect(plan).toMatchObject({ stackName: "ringfront-prod", accounts: ["3700111", "3700222"] });
    const text = describePlan(plan, everySetting);
    for (const name of deployVariables().filter((one) => one !== "AWS_REGION"))
      expect(text).toContain(`  ${name}`);
    for (const value of Object.values(everySetting)) expect(text).toContain(value);
  });

  test("can be told every variable that is documented for deploying, and no other", () => {
    const page = readFileSync(join(projectRoot, "docs/operations.md"), "utf8");
    const table = /\n\| variable [\s\S]*?\n\n/.exec(page)?.[0] ?? "";
    const documented = [
      ...(table
        .match(/^\| `[^|]+\|/gm)
        ?.join("")
        .matchAll(/`([A-Z_]+)(?:_…)?`/g) ?? []),
    ];
    const names = documented.map(([, name = ""]) => name);
    expect(names.length).toBeGreaterThan(12);
    const known = deployVariables();
    expect(names.filter((name) => name !== "AUTH" && !known.includes(name))).toEqual([]);
    const missing = known.filter((name) => !/^(AUTH_|AWS_REGION)/.test(name) && !names.includes(name));
    expect(missing).toEqual([]);
  });

  test.each<[why: RegExp, options: Parameters<typeof readPlan>[0], env: Record<string, string>]>([
    [/no region/, { stage: "prod", region: undefined }, good],
    [/is the one of npm start/, { ...prod, stage: "local" }, good],
    [/lower-case letters/, { ...prod, stage: "My-Branch" }, good],
    [/AUTH_ISSUER and AUTH_AUDIENCE must be set/, prod, { SERVED_ACCOUNTS: "1" }],
    [/SIGN_IN_ISSUER must be the API's address/, prod, { ...good, SIGN_IN_ISSUER: "https://a.example/x" }],
    [
      /SIGN_IN_ISSUER must be the API's address, https:\/\/api\.example\.com/,
      prod,
      { ...everySetting, SIGN_IN_ISSUER: "https://other.example.com" },
    ],
    [/SIGN_IN_ADMINISTRATORS must be ids/, prod, { ...good, SIGN_IN_ADMINISTRATORS: "ann" }],
    [/TOKEN_CALLS_PER_MINUTE must be a whole number/, prod, { ...good, TOKEN_CALLS_PER_MINUTE: "0" }],
    [/SERVED_ACCOUNTS must be set/, prod, { ...good, SERVED_ACCOUNTS: "" }],
    [/SERVED_ACCOUNTS must be numeric ids/, prod, { ...good, SERVED_ACCOUNTS: "acme" }],
    [/SYNC_ACCOUNTS is set and empty/, prod, { ...good, SYNC_ACCOUNTS: "" }],
    [/SYNC_ACCOUNTS names 9/, prod, { ...good, SYNC_ACCOUNTS: "9" }],
    [/DOMAIN_NAME needs CERTIFICATE_ARN/, prod, { ...good, DOMAIN_NAME: "api.example.com" }],
    [/is in us-east-1; API Gateway needs/, { ...prod, region: "eu-west-1" }, everySetting],
    [/KEY_ADMINISTRATOR_ARN must be the ARN/, prod, { ...good, KEY_ADMINISTRATOR_ARN: "admin" }],
    [/ALARM_EMAIL must be an e-mail/, prod, { ...good, ALARM_EMAIL: "ops" }],
    [/--param rollbackOnAlarm=false names no/, { ...prod, param: ["rollbackOnAlarm=false"] }, good],
    [/--param rollout names no parameter/, { ...prod, param: ["rollout"] }, good],
    [/WEBHOOK_URL must be an https URL/, prod, { ...good, WEBHOOK_URL: "http://a.example" }],
  ])("is refused: %s", (why, options, env) => {
    expect(() => readPlan(options, env)).toThrow(why);
  });
});

describe("the gateway's check of tokens", () => {
  const own = { SIGN_IN_ISSUER: "https://api.example.com" };
  const responds = async () => ({ findings: [], keys: [] });
  const fails = async () => ({
    findings: [{ check: "issuer", outcome: "failed" as const, found: "", fix: "" }],
    keys: [],
  });

  test("waits until our own issuer responds: API Gateway reads its documents when it makes the check", async () => {
    expect(readPlan(prod, { SERVED_ACCOUNTS: "1", ...own })).toMatchObject({ accounts: ["1"] });
    const first = await gatewayCheck(own, fails);
    expect(first).toMatchObject({ options: ["--param", "gatewayAuthorizer=none"] });
    expect(await gatewayCheck(own, responds)).toEqual({ options: [] });
  });

  test("is off with two issuers, which is said, and does not ask for our own without one", async () => {
    const both = await gatewayCheck({ ...good, ...own }, fails);
    expect([both.options, both.note]).toEqual([[], expect.stringContaining("two issuers")]);
    expect(await gatewayCheck(good, fails)).toEqual({ options: [] });
  });

  test("is of the one issuer in the template", () => {
    const made = (values: Partial<Record<AuthorizerParameter, string>>) =>
      gatewayAuthorizers({ text: (name) => values[name] ?? "" });
    const company = { authIssuer: "https://login.example.com", authAudience: "ios, android" };
    const signInIssuer = own.SIGN_IN_ISSUER;
    expect(made(company)).toMatchObject({
      callers: { issuerUrl: company.authIssuer, audience: ["ios", "android"] },
    });
    expect(made({ signInIssuer, authAudience: "ringfront" })).toMatchObject({
      callers: { issuerUrl: signInIssuer, audience: [signInIssuer] },
    });
    expect(made({ ...company, signInIssuer })).toEqual({});
    expect(made({ signInIssuer, gatewayAuthorizer: "none" })).toEqual({});
    const text = (name: string) =>
      name === "signInIssuer" ? signInIssuer : name === "authScopePrefix" ? "x/" : "";
    expect(JSON.stringify(serverlessFunctions({ text }))).toContain('"scopes":["numbers:read"]');
    const none = (name: string) => (name === "gatewayAuthorizer" ? "none" : text(name));
    expect(JSON.stringify(serverlessFunctions({ text: none }))).not.toContain("authorizer");
  });
});

/** An AWS account in which nothing is deployed yet. */
function account(changes: Partial<AwsAccount> = {}) {
  const aws: AwsAccount = {
    identity: async () => ({
      accountId: "123456789012",
      arn: "arn:aws:sts::123456789012:assumed-role/deployer/ann",
    }),
    concurrency: async () => 1000,
    stackStatus: async () => undefined,
    deleteStack: async () => {},
    hasTable: async () => false,
    secretState: async () => "none",
    ...changes,
  };
  return aws;
}

describe("the AWS account", () => {
  let template: Template;
  beforeAll(() => {
    template = packageService({}, "prod").template;
  });
  const plan = readPlan(prod, good);

  test("takes a stack of 500 resources, so as many RingCentral accounts and functions as the page says", () => {
    const page = readFileSync(join(projectRoot, "docs/operations.md"), "utf8");
    const [, accounts, ofFunction] = /room for (\d+) accounts[^.]*\.[^.]* (\d+) resources/.exec(page) ?? [];
    const ids = Object.keys(template.Resources);
    const perAccount = ids.filter((id) => id.startsWith("RingCentralSecret")).length;
    expect(perAccount).toBe(2);
    const countOf = (one: Template) =>
      Object.keys(one.Resources).filter((id) => !id.startsWith("RingCentralSecret")).length;
    const forSettings = countOf(packageService(everySetting).template) - countOf(packageService().template);
    expect(countOf(template) + forSettings + Number(accounts) * perAccount).toBeLessThanOrEqual(500);
    expect(ids.filter((id) => id.includes("ListBlockedNumbers"))).toHaveLength(Number(ofFunction));
  });

  test("may deploy with the role that administers the keys, and with no other", async () => {
    const withKeys = readPlan(prod, everySetting);
    await expect(checkIdentity(withKeys, account())).resolves.toMatchObject({ accountId: "123456789012" });
    const arn = "arn:aws:sts::123456789012:assumed-role/other/ann";
    const other = account({ identity: async () => ({ accountId: "123456789012", arn }) });
    await expect(checkIdentity(withKeys, other)).rejects.toThrow(
      "KMS makes no key that its maker cannot administer",
    );
    await expect(checkIdentity(plan, other)).resolves.toMatchObject({ arn });
  });

  test("must be that of the certificate", async () => {
    const identity = async () => ({ accountId: "999999999999", arn: "arn:aws:iam::999999999999:user/ann" });
    const domain = {
      ...good,
      DOMAIN_NAME: everySetting.DOMAIN_NAME,
      CERTIFICATE_ARN: everySetting.CERTIFICATE_ARN,
    };
    await expect(checkIdentity(readPlan(prod, domain), account({ identity }))).rejects.toThrow(
      "CERTIFICATE_ARN is in",
    );
  });

  test("must allow the concurrency that the stage reserves, and 100 more", async () => {
    await expect(checkAccount(plan, template, account())).resolves.toBeUndefined();
    const small = account({ concurrency: async () => 10 });
    await expect(checkAccount(plan, template, small)).rejects.toThrow(
      /may run 10 functions .* reserves \d{3}/,
    );
    await expect(checkAccount(plan, packageService().template, small)).resolves.toBeUndefined();
  });

  test.each([
    [undefined, undefined],
    ["DELETE_COMPLETE", undefined],
    ["CREATE_COMPLETE", undefined],
    ["UPDATE_ROLLBACK_COMPLETE", undefined],
    // The only way on from a first creation that failed is to delete it.
    ["ROLLBACK_COMPLETE", "ringfront-prod"],
    ["REVIEW_IN_PROGRESS", "ringfront-prod"],
  ])("with a stack in %s can be deployed to again", async (status, deleted) => {
    const aws = account({ stackStatus: async () => status });
    expect(await checkAccount(plan, template, aws)).toBe(deleted);
  });

  test.each([
    ["UPDATE_IN_PROGRESS", "wait until that is over"],
    ["UPDATE_ROLLBACK_FAILED", "continue-update-rollback"],
    ["DELETE_FAILED", "delete-stack"],
    ["ROLLBACK_FAILED", "delete-stack"],
  ])("with a stack in %s is left alone", async (status, advice) => {
    const aws = account({ stackStatus: async () => status });
    await expect(checkAccount(plan, template, aws)).rejects.toThrow(advice);
  });

  test("with what a deleted stack has left is not deployed to, as the names are taken", async () => {
    const aws = account({ hasTable: async () => true, secretState: async () => "deleted" });
    const names =
      /the table ringfront-prod and the secret ringfront\/prod\/ringcentral\/3700111, which is being deleted/;
    await expect(checkAccount(plan, template, aws)).rejects.toThrow(names);
    const deployed = { ...aws, stackStatus: async () => "UPDATE_COMPLETE" };
    await expect(checkAccount(plan, template, deployed)).resolves.toBeUndefined();
  });
});
