// `npm start`: everything Ringfront needs, on 127.0.0.1, until Ctrl-C. See README, "Try it".
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { SEED } from "../../test/twin/twin.ts";
import { bundleFunctions, projectRoot } from "../build/bundle.ts";
import { findIssuer, readIssuers } from "../doctor/identity.ts";
import { functions } from "../resources/functions.ts";
import { pseudonymSecretName } from "../resources/secret.ts";
import { secretName } from "../resources/stack.ts";
import { startBackgroundWork } from "./background-work.ts";
import { putBundles } from "./bundle-cache.ts";
import { UsageError } from "./command-line.ts";
import { startDynamoDbEmulator } from "./dynamodb-emulator.ts";
import { startEventBridgeEndpoint } from "./eventbridge-endpoint.ts";
import { startGatewayEmulator } from "./gateway-emulator.ts";
import { startOidcIssuer } from "./oidc-issuer.ts";
import { findFreePort, isPortTaken, LOOPBACK } from "./ports.ts";
import { startSecretsEndpoint } from "./secrets-endpoint.ts";
import { callbackUrl, signInLines, signInOf, signInSecrets } from "./sign-in.ts";
import { startSqsEmulator } from "./sqs-emulator.ts";
import {
  curlLines,
  localDir,
  ownPath,
  personLine,
  removeStackFiles,
  type Stack,
  writeStackFiles,
} from "./stack-file.ts";
import { LOCAL_AUDIENCE, LOCAL_STAGE, localAws } from "./stage.ts";
import { readStartOptions, type StartOptions } from "./start-options.ts";
import { connectUpstream, type Upstream } from "./upstream.ts";

const serviceName = `ringfront-${LOCAL_STAGE}`;

/** The steps that undo the start when the stack stops, last first. */
const undo: (() => unknown)[] = [];
let stopping = false;

/** Ends every started part, then the process. A second call does nothing. */
async function stop(exitCode: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  // Even if a step hangs, the ports are free again in 4 s: most of the stack is in this process.
  setTimeout(() => process.exit(exitCode), 4_000).unref();
  for (const step of undo.reverse()) {
    try {
      await step();
    } catch {
      // The next step follows: what is left ends with the process.
    }
  }
  process.exit(exitCode);
}

/** Loopback too. */
const ANY_ADDRESS = "0.0.0.0";

const step = (text: string) => console.log(`  ${text}`);

/** Registers how to stop a part. */
function started<Part extends { close(): unknown }>(part: Part): Part {
  undo.push(() => part.close());
  return part;
}

async function start(options: StartOptions): Promise<void> {
  const { apiPort, host } = options;
  await waitForPort(apiPort);
  const apiUrl = `http://${host === ANY_ADDRESS ? LOOPBACK : host}:${apiPort}`;
  const upstream = started(await connectUpstream(options, process.env, callbackUrl(apiUrl)));
  const { credentials, identities } = upstream;
  step(`RingCentral      ${credentials.server}${upstream.note}`);
  const issuer = await startIssuer(upstream);
  step(`OIDC issuer      ${issuer.url}`);
  const bundlesDir = await bundle(apiPort);
  const { secrets, dynamodb, sqs, environment } = await startAwsEmulators(upstream);

  const stack: Stack = {
    apiUrl,
    issuerUrl: issuer.url,
    twinUrl: credentials.server,
    dynamodbUrl: dynamodb.url,
    secretsUrl: secrets.url,
    sqsUrl: sqs.url,
    signIn: signInOf(apiUrl),
    tokens: issuer.tokens,
    ...identities,
  };
  const lambdaPort = await findFreePort();
  const gateway = startGatewayEmulator({
    host,
    port: apiPort,
    lambdaPort,
    bundlesDir,
    localTokens: issuer.isReal ? {} : issuer.tokens,
    params: { ...stageParameters(stack, sqs.queue.url, upstream), authAudience: issuer.audience },
    awsEnvironment: environment,
  });
  undo.push(gateway.stop);
  await gateway.serving.catch(async (error: Error) => {
    if (await isPortTaken(apiPort)) throw portTaken(apiPort);
    throw new UsageError(`The API Gateway emulator did not start: ${error.message}`);
  });
  void gateway.ended.then(stopWithoutGateway);

  const functionsUrl = `http://${LOOPBACK}:${lambdaPort}/2015-03-31/functions/${serviceName}-`;
  undo.push(startBackgroundWork(functionsUrl, sqs, ["queueSyncs", "renewSubscriptions"]));
  undo.push(() => removeStackFiles(stack));
  const { apiUrl: first } = await writeStackFiles(stack);
  const files =
    first === stack.apiUrl ? ".local/stack.json" : `${ownPath(stack)} (.local/stack.json is of ${first})`;
  if (host !== LOOPBACK) step(`Open to the network: ${addressesOf(host).join(", ")}, port ${apiPort}`);
  console.log(
    `ready ${stack.apiUrl}\n\n${curlLines(stack)}\n${personLine(stack)}\n${signInLines(stack)}\n\nAddresses and tokens: ${files}. Ctrl-C stops everything.\n`,
  );
}

/** Where a phone finds the API. Its tokens are in the stack's file; the pages give them to this machine only. */
function addressesOf(host: string): string[] {
  if (host !== ANY_ADDRESS) return [host];
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.filter(({ family, internal }) => family === "IPv4" && !internal).map(({ address }) => address);
}

/** The provider that AUTH_ISSUER names, read as the other variables AUTH_… say; else an issuer started here. */
async function startIssuer({ identities }: Upstream) {
  const real = await findIssuer(process.env);
  if (real !== undefined) {
    readIssuers({ ...process.env, SERVED_ACCOUNTS: identities.accountId });
    const tokens = { user: "", otherUser: "", readOnly: "", admin: "", service: "", person: "" };
    return { isReal: true, url: real.url, audience: real.audience, tokens };
  }
  // serverless.yml reads them, and the tokens made here have the default claims.
  for (const name of Object.keys(process.env)) if (name.startsWith("AUTH_")) delete process.env[name];
  const { url, tokens } = started(
    await startOidcIssuer(LOCAL_AUDIENCE, identities, { statePath: join(localDir, "issuer.json") }),
  );
  return { isReal: false, url, audience: LOCAL_AUDIENCE, tokens };
}

/** @returns the folder with the bundles */
async function bundle(apiPort: number): Promise<string> {
  const outDir = join(localDir, `bundles-${apiPort}`);
  undo.push(() => rm(outDir, { recursive: true, force: true }));
  const startedAt = performance.now();
  const makeBundles = (outDir: string) =>
    bundleFunctions({ outDir }).catch(() => {
      throw new UsageError("The functions do not build: see esbuild's errors above.");
    });
  const made = await putBundles({ root: projectRoot, outDir, makeBundles });
  const how = made ? `bundled in ${Math.round(performance.now() - startedAt)} ms` : "bundled before";
  step(`functions        ${functions.length} ${how}`);
  return outDir;
}

async function startAwsEmulators({ credentials, identities }: Upstream) {
  const secret = JSON.stringify(credentials);
  const secrets = started(
    await startSecretsEndpoint({
      [secretName(LOCAL_STAGE, identities.accountId)]: secret,
      [pseudonymSecretName(LOCAL_STAGE)]: randomBytes(32).toString("hex"),
      ...signInSecrets(Date.now()),
    }),
  );
  step(`Secrets Manager  ${secrets.url}`);
  const dynamodb = started(await startDynamoDbEmulator(serviceName));
  step(`DynamoDB         ${dynamodb.url}`);
  const sqs = started(await startSqsEmulator(`${serviceName}-sync`));
  step(`SQS              ${sqs.url}`);
  const events = started(await startEventBridgeEndpoint());
  step(`EventBridge      ${events.url} (GET shows what was published)`);
  const environment = {
    AWS_REGION: localAws.region,
    AWS_ACCESS_KEY_ID: localAws.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: localAws.credentials.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.url,
    AWS_ENDPOINT_URL_SQS: sqs.url,
    AWS_ENDPOINT_URL_EVENTBRIDGE: events.url,
    // Not the developer's own profiles.
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  };
  return { secrets, dynamodb, sqs, environment };
}

function stageParameters({ apiUrl, issuerUrl, accountId }: Stack, queueUrl: string, upstream: Upstream) {
  return {
    authIssuer: issuerUrl,
    signInIssuer: apiUrl,
    signInAdministrators: SEED.adminExtensionId,
    servedAccounts: accountId,
    // Nothing reads metrics here, and they would hide the log lines.
    metricsNamespace: "none",
    syncAccounts: accountId,
    syncQueueUrl: queueUrl,
    eventBusName: serviceName,
    // The entries are in the output, with all lines.
    auditLogGroup: "none",
    // RingCentral itself cannot reach this machine.
    webhookUrl: upstream.canReachUs ? `${apiUrl}/v1/webhooks/ringcentral` : "none",
    // The emulator reads `*` as any port of this machine's pages.
    corsAllowedOrigins: [process.env.CORS_ALLOWED_ORIGINS ?? [], "http://localhost:*", "http://127.0.0.1:*"]
      .flat()
      .join(),
  };
}

async function stopWithoutGateway(reason: string): Promise<void> {
  // A signal to the whole process group reaches the emulator too, and may end it before it is handled here.
  await pause(300);
  if (stopping) return;
  console.error(`The API Gateway emulator stopped, so everything stops: ${reason}`);
  await stop(1);
}

/** Gives a stopping stack a moment to release the port. @throws UsageError when the port stays taken */
async function waitForPort(port: number): Promise<void> {
  const deadline = Date.now() + 1_500;
  while (await isPortTaken(port)) {
    if (Date.now() > deadline) throw portTaken(port);
    await pause(100);
  }
}

const portTaken = (port: number) =>
  new UsageError(
    `Port ${port} is taken by another program: stop it, or choose another with PORT, as in PORT=3100 npm start.`,
  );

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (!stopping) console.log(`\nstopping (${signal}) …`);
    void stop(0);
  });
}
// infra/local/bootstrap.mjs cannot report that it was killed, but its channel to this process closes.
process.on("disconnect", () => void stop(0));
try {
  const options = readStartOptions();
  console.log("starting Ringfront on this machine");
  await start(options);
} catch (error) {
  if (!stopping) {
    console.error(error instanceof UsageError ? error.message : error);
    await stop(1);
  }
}
