import {
  CreateSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startSecretsEndpoint } from "../../infra/local/secrets-endpoint.ts";
import { localAws } from "../../infra/local/stage.ts";
import { applyPlan, describePlan, makePlan, readCredentials } from "../../infra/onboarding/plan.ts";

const text = JSON.stringify({ server: "https://rc.example", clientId: "id", clientSecret: "s", jwt: "j" });
const secretOf = (account: string) => `ringfront/prod/ringcentral/${account}`;
let endpoint: Awaited<ReturnType<typeof startSecretsEndpoint>>;
let client: SecretsManagerClient;

beforeEach(async () => {
  endpoint = await startSecretsEndpoint({
    [secretOf("111")]: "first",
    "ringfront/dev/ringcentral/999": "another stage's",
  });
  client = new SecretsManagerClient({ endpoint: endpoint.url, ...localAws });
});
afterEach(async () => {
  client.destroy();
  await endpoint.close();
});

const plan = (accountId: string, named?: string) => makePlan({ client, stage: "prod", accountId, named });
const valueIn = async (account: string) =>
  (await client.send(new GetSecretValueCommand({ SecretId: secretOf(account) }))).SecretString;
/** What CloudFormation does for a new account. */
const deploy = async () => void (await client.send(new CreateSecretCommand({ Name: secretOf("222") })));

describe("onboarding an account", () => {
  test("keeps the accounts that have a secret on the stage, and puts the credentials into the new one's", async () => {
    const made = await plan("222");
    expect(made).toMatchObject({ accounts: ["111", "222"], secretId: secretOf("222") });
    expect(describePlan(made)).toContain("deploy with SERVED_ACCOUNTS=111,222");
    await applyPlan(made, { client, text, deploy });
    expect([await valueIn("111"), await valueIn("222")]).toEqual(["first", text]);
  });

  test("deploys also when the account has a secret, which a failed deployment may have left", async () => {
    const deployments: string[] = [];
    const options = { client, text, deploy: () => void deployments.push("111") };
    await applyPlan(await plan("111"), options);
    expect([deployments, await valueIn("111")]).toEqual([["111"], text]);
  });

  test("prefers the accounts that SERVED_ACCOUNTS names, because a secret outlives its account", async () => {
    expect(await plan("222", "333, 222")).toMatchObject({ accounts: ["222", "333"] });
  });

  test("stores nothing when the deployment fails, and does the rest when it is repeated", async () => {
    const failing = { client, text, deploy: () => Promise.reject(new Error("rolled back")) };
    await expect(applyPlan(await plan("111"), failing)).rejects.toThrow("rolled back");
    expect(await valueIn("111")).toBe("first");
    await applyPlan(await plan("222"), { client, text, deploy });
    expect(await valueIn("222")).toBe(text);
  });

  test("names the faulty field of a secret file, and never its value", () => {
    expect(() => readCredentials(text.replace("https:", "ftp:"))).toThrow("secret field server is not https");
    expect(() => readCredentials('{"jwt":"hidden"')).toThrow(/^((?!hidden).)*$/);
  });
});
