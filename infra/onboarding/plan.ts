import {
  PutSecretValueCommand,
  paginateListSecrets,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { type Credentials, parseSecretValue } from "../../lib/platform/credentials.ts";
import { ConfigurationError } from "../../lib/platform/settings.ts";
import { UsageError } from "../local/command-line.ts";
import { list } from "../resources/list.ts";
import { secretName } from "../resources/stack.ts";

/** What serving an account takes. */
export interface Plan {
  accountId: string;
  /** All accounts of the stage, the new one included. */
  accounts: string[];
  secretId: string;
}

/** @throws UsageError that names the faulty field, never its value */
export function readCredentials(text: string): Credentials {
  try {
    return parseSecretValue(text);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new UsageError(error.message);
  }
}

interface PlanOptions {
  client: SecretsManagerClient;
  stage: string;
  accountId: string;
  /** The comma-separated accounts that are served; empty or absent: those that have a secret. */
  named: string | undefined;
}

export async function makePlan({ client, stage, accountId, named = "" }: PlanOptions): Promise<Plan> {
  const prefix = secretName(stage, "");
  const served = list(named);
  if (served.length === 0) {
    const filter = { Filters: [{ Key: "name" as const, Values: [prefix] }] };
    for await (const { SecretList = [] } of paginateListSecrets({ client }, filter)) {
      for (const { Name = "" } of SecretList)
        if (Name.startsWith(prefix)) served.push(Name.slice(prefix.length));
    }
  }
  const accounts = [...new Set([...served, accountId])].sort();
  return { accountId, accounts, secretId: `${prefix}${accountId}` };
}

export function describePlan({ accountId, accounts, secretId }: Plan): string {
  const others = accounts.filter((account) => account !== accountId);
  const besides = others.length === 0 ? "" : `, besides ${others.join(", ")}`;
  return [
    `The account ${accountId} will be served${besides}:`,
    `  1. deploy with SERVED_ACCOUNTS=${accounts.join(",")}`,
    `  2. put the credentials into the secret ${secretId}`,
  ].join("\n");
}

interface ApplyOptions {
  client: SecretsManagerClient;
  /** The secret's value. */
  text: string;
  /** Creates the secret, among others. @throws when it fails */
  deploy(): void | Promise<void>;
}

/**
 * Deploys also for an account with a secret: the secret may be what a failed deployment left.
 * @throws what a step throws; the steps before it stay, and a repetition does the rest
 */
export async function applyPlan({ secretId }: Plan, { client, text, deploy }: ApplyOptions) {
  await deploy();
  await client.send(new PutSecretValueCommand({ SecretId: secretId, SecretString: text }));
}
