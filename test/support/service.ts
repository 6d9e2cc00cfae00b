import { randomBytes, randomUUID } from "node:crypto";
import { startDynamoDbEmulator } from "../../infra/local/dynamodb-emulator.ts";
import { startOidcIssuer } from "../../infra/local/oidc-issuer.ts";
import { startSecretsEndpoint } from "../../infra/local/secrets-endpoint.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { SEED, startTwin, type TwinOptions } from "../twin/twin.ts";
import { createTable } from "./dynamo-engines.ts";

export type Service = Awaited<ReturnType<typeof startService>>;

const SECRET = "ringfront/test/ringcentral";
const SESSIONS = "ringfront/test/sessions";
const PSEUDONYMS = "ringfront/test/pseudonyms";
export const PSEUDONYM_KEY = "the key of the tests' pseudonyms, as long as it has to be";
/** Every secrets endpoint of a test needs it. */
export const pseudonymSecret = { [PSEUDONYMS]: PSEUDONYM_KEY };

/** One for all services of a process: making its key takes as long as all the rest. */
let issuerOfProcess: ReturnType<typeof startOidcIssuer> | undefined;

/**
 * Every dependency of the handlers, in this process: the twin, an issuer, Secrets Manager and DynamoDB. The environment
 * is set so that the real handlers and the real AWS clients find them.
 */
export async function startService({
  secret: ownSecret,
  otherSecrets = {},
  ...options
}: TwinOptions & { secret?: string; otherSecrets?: Record<string, string> } = {}) {
  const twin = await startTwin(options);
  issuerOfProcess ??= startOidcIssuer("ringfront", {
    accountId: SEED.accountId,
    extensionId: SEED.extensionId,
    otherExtensionId: SEED.otherExtensionId,
  });
  const issuer = await issuerOfProcess;
  const { clientId, clientSecret, jwt } = SEED;
  const secret = ownSecret ?? JSON.stringify({ server: twin.url, clientId, clientSecret, jwt });
  const sealing = JSON.stringify({ sealingKeys: [randomBytes(32).toString("base64url")] });
  const sessionSecret = { [SESSIONS]: sealing };
  // The second name is a stage's, for RINGCENTRAL_SECRET_PREFIX.
  const named = { [SECRET]: secret, [`${SECRET}/${SEED.accountId}`]: secret };
  const values = { ...named, ...sessionSecret, ...pseudonymSecret, ...otherSecrets };
  const secrets = await startSecretsEndpoint(values);
  const table = `ringfront-test-${randomUUID()}`;
  const dynamodb = await startDynamoDb(table);
  const before = { ...process.env };
  Object.assign(process.env, {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.url,
    RINGCENTRAL_SECRET_ID: SECRET,
    PSEUDONYM_SECRET_ID: PSEUDONYMS,
    SESSION_SECRET_ID: SESSIONS,
    AUTH_ISSUER: issuer.url,
    AUTH_AUDIENCE: "ringfront",
    SERVED_ACCOUNTS: SEED.accountId,
    TABLE_NAME: table,
    FLEET_SIZE: "1",
    CORS_ALLOWED_ORIGINS: "https://app.example.com",
  });
  // No jitter: retries come at once.
  resetRuntime({ random: () => 0 });
  const apiRequests = () => twin.requests.filter(({ path }) => !path.includes("/oauth/"));
  return {
    twin,
    issuer,
    secrets,
    dynamodb,
    tokens: issuer.tokens,
    mint: issuer.mint,
    /** Requests that reached RingCentral, without token calls. */
    sent: () => apiRequests().map(({ method, path, query, body }) => ({ method, path, query, body })),
    headersSent: () => apiRequests().map(({ headers }) => headers),
    freshBudgets: () => twin.clearLimits(),
    /** Number of entries in Ana Ruiz's two lists together. */
    blockedAndAllowed: () => twin.extension(SEED.extensionId).callerBlocking.length,
    /** Forgets the requests so far and resets the budgets. */
    forget() {
      twin.clearRequests();
      twin.clearLimits();
      twin.faults.clear();
    },
    async stop() {
      resetRuntime({});
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
      Object.assign(process.env, before);
      await Promise.all([twin.close(), secrets.close(), dynamodb.close()]);
    },
  };
}

/** dynalite, or a table in this run's DynamoDB Local. */
async function startDynamoDb(table: string): Promise<{ url: string; close(): void }> {
  const url = process.env.DYNAMODB_LOCAL_URL;
  if (url === undefined) return startDynamoDbEmulator(table);
  await createTable(url, table);
  return { url, close: () => {} };
}
