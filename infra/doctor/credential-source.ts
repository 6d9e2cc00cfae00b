import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { parseSecretValue } from "../../lib/platform/credentials.ts";
import { ConfigurationError } from "../../lib/platform/settings.ts";
import { UsageError } from "../local/command-line.ts";
import { readStackFile } from "../local/stack-file.ts";
import { LOCAL_STAGE, localAws } from "../local/stage.ts";
import { upstreamCredentials } from "../local/upstream.ts";
import { secretName } from "../resources/stack.ts";
import { failed, ok } from "./finding.ts";

interface SourceOptions {
  /** A server, with credentials from the environment. */
  upstreamUrl: string | undefined;
  /** A secret, with the machine's AWS credentials. */
  secretId: string | undefined;
}

const check = "credentials";
const FORM = `{ "server": "https://…", "clientId": "…", "clientSecret": "…", "jwt": "…" }`;

/**
 * The credentials to check: from the environment, from Secrets Manager, or from the running stack.
 * @returns their origin, for the report's first line, and a finding about their form
 * @throws UsageError when none is given
 */
export async function findCredentials(
  { upstreamUrl, secretId }: SourceOptions,
  env: Record<string, string | undefined>,
) {
  if (upstreamUrl !== undefined) {
    const text = JSON.stringify(upstreamCredentials(upstreamUrl, env));
    return judge(upstreamUrl, text, "Correct the variable RINGCENTRAL_… that holds it.");
  }
  if (secretId !== undefined) return readSecret(new SecretsManagerClient({}), secretId);
  const stack = await readStackFile();
  if (stack === undefined) {
    const text = "start it with npm start, or say which credentials to check: --upstream or --secret-id.";
    throw new UsageError(`The local stack is not running: ${text}`);
  }
  const client = new SecretsManagerClient({ endpoint: stack.secretsUrl, ...localAws });
  return readSecret(client, secretName(LOCAL_STAGE, stack.accountId));
}

async function readSecret(client: SecretsManagerClient, secretId: string) {
  const name = `the secret ${secretId}`;
  try {
    const { SecretString = "" } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    return judge(name, SecretString, `Put the secret in as ${FORM}.`);
  } catch (error) {
    const why = error instanceof Error ? error.name : "unknown error";
    const fix =
      "Check its name, the region, and your AWS credentials; by the secret's policy only the functions and " +
      "SECRET_READER_ARN may read it.";
    return { name, finding: failed(check, { found: `the secret cannot be read (${why})`, fix }) };
  } finally {
    client.destroy();
  }
}

function judge(name: string, text: string, fix: string) {
  try {
    const credentials = parseSecretValue(text);
    return {
      name: `${credentials.server} as app ${credentials.clientId}`,
      finding: ok(check, "complete and well formed"),
      credentials,
    };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { name, finding: failed(check, { found: error.message, fix }) };
  }
}
