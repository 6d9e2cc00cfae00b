// `npm run sign-in`: the keys and clients of the sign-in with RingCentral, in the stage's secret.
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { systemClock } from "../../lib/platform/clock.ts";
import { parseSignInSecret, type SignInSecret } from "../../lib/sign-in/secret.ts";
import { readId, readOptions, runCommand, UsageError } from "../local/command-line.ts";
import { signInSecretName } from "../resources/secret.ts";
import {
  describeSecret,
  newMachineSecret,
  newSecret,
  withClient,
  withNextKeys,
  withoutClient,
} from "./content.ts";

const usage = `usage: npm run sign-in -- [options]

  --stage STAGE         the stage (dev)
  --region REGION       its AWS region
  without an action     shows keys and clients
  --create              makes the keys, once, after the first deployment
  --rotate-keys         the next key signs, and a new one is published
  --add-client ID       adds or changes an app, with
      --name TEXT             its name for people
      --redirect-uri URI      where it is called back (repeatable): an https link, com.example.app:/path, or
                              http://127.0.0.1/path, whose port is free
      --scope SCOPE           the most that its tokens may have (repeatable)
      --account ID            the account that its people sign in to, in a service for several
  --add-machine ID      adds or changes a machine, with --name, --scope and --account; prints its new secret
  --remove-client ID    removes an app or a machine
  --help                this text

Reading the secret takes the role of SECRET_READER_ARN (docs/guides/sign-in.md).`;

await runCommand(async () => {
  const options = readOptions(usage, {
    stage: { type: "string", default: "dev" },
    region: { type: "string" },
    create: { type: "boolean", default: false },
    "rotate-keys": { type: "boolean", default: false },
    "add-client": { type: "string" },
    "add-machine": { type: "string" },
    "remove-client": { type: "string" },
    name: { type: "string" },
    "redirect-uri": { type: "string", multiple: true, default: [] },
    scope: { type: "string", multiple: true, default: [] },
    account: { type: "string" },
  });
  const client = new SecretsManagerClient(options.region === undefined ? {} : { region: options.region });
  const SecretId = signInSecretName(options.stage);
  const now = systemClock.now();
  if (options.create) {
    const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
    if (Object.keys(VersionIdsToStages).length > 0) throw new UsageError("The keys have been made already.");
    await write(newSecret(now));
    return console.log("The keys are made. Deploy again, so that API Gateway checks tokens by them.");
  }
  const { SecretString = "" } = await client.send(new GetSecretValueCommand({ SecretId }));
  const secret = parseSignInSecret(SecretString);
  const { name = "", scope: scopes, account, "redirect-uri": redirectUris } = options;
  const accountId = readId("--account", account);
  const common = { name, scopes, ...(accountId !== undefined && { accountId }) };
  if (options["rotate-keys"]) await write(withNextKeys(secret, now));
  else if (options["remove-client"] !== undefined)
    await write(withoutClient(secret, options["remove-client"]));
  else if (options["add-client"] !== undefined) {
    if (redirectUris.length === 0) throw new UsageError("An app needs --redirect-uri.");
    await write(withClient(secret, { clientId: options["add-client"], redirectUris, ...common }));
  } else if (options["add-machine"] !== undefined) {
    const { secret: shown, secretHash } = newMachineSecret();
    const clientId = options["add-machine"];
    await write(withClient(secret, { clientId, redirectUris: [], secretHash, ...common }));
    console.log(`client_id ${clientId}, client_secret ${shown}: it is not shown again`);
  } else console.log(describeSecret(secret));

  /** @throws UsageError for a value that the function would reject */
  async function write(value: SignInSecret): Promise<void> {
    const text = JSON.stringify(value);
    try {
      parseSignInSecret(text);
    } catch (error) {
      throw new UsageError(`${error instanceof Error ? error.message : error}: see --help.`);
    }
    await client.send(new PutSecretValueCommand({ SecretId, SecretString: text }));
    console.log(describeSecret(value));
    console.log("The function reads the secret again within five minutes.");
  }
});
