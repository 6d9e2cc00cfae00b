// Run by compile-cache.ts: runs a first request of each function, and writes the code that V8 has compiled for it.
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { cachedDataVersionTag } from "node:v8";
import { Script } from "node:vm";
import * as z from "zod/mini";
import { SEED, startTwin } from "../../test/twin/twin.ts";
import { startDynamoDbEmulator } from "../local/dynamodb-emulator.ts";
import { startOidcIssuer } from "../local/oidc-issuer.ts";
import { startSecretsEndpoint } from "../local/secrets-endpoint.ts";
import { functions } from "../resources/functions.ts";

const Handler = z.object({ handler: z.custom<(...args: unknown[]) => Promise<unknown>>() });
const work = z
  .array(z.object({ name: z.string(), path: z.string() }))
  .parse(JSON.parse(process.argv[2] ?? "[]"));

const { accountId, extensionId, otherExtensionId, clientId, clientSecret, jwt } = SEED;
const [twin, issuer, table] = await Promise.all([
  startTwin(),
  startOidcIssuer("ringfront", { accountId, extensionId, otherExtensionId }),
  startDynamoDbEmulator("records"),
]);
const secrets = await startSecretsEndpoint({
  ringcentral: JSON.stringify({ server: twin.url, clientId, clientSecret, jwt }),
  pseudonyms: randomBytes(32).toString("hex"),
  sessions: JSON.stringify({ sealingKeys: [randomBytes(32).toString("base64url")] }),
});
Object.assign(process.env, {
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "local",
  AWS_SECRET_ACCESS_KEY: "local",
  AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
  AWS_ENDPOINT_URL_DYNAMODB: table.url,
  RINGCENTRAL_SECRET_ID: "ringcentral",
  PSEUDONYM_SECRET_ID: "pseudonyms",
  SESSION_SECRET_ID: "sessions",
  AUTH_ISSUER: issuer.url,
  AUTH_AUDIENCE: "ringfront",
  SERVED_ACCOUNTS: accountId,
  TABLE_NAME: "records",
});

for (const { name, path } of work) {
  const script = new Script(readFileSync(`${path}.script`, "latin1"));
  const { handler } = Handler.parse(script.runInThisContext());
  // A live read, then one from the cache. A write without a body is rejected after its caller is known.
  for (const freshness of ["no-cache", "max-age=60"]) {
    twin.clearLimits();
    await handler(eventOf(name, freshness), {
      awsRequestId: "cache",
      getRemainingTimeInMillis: () => 10_000,
    });
  }
  const cache = `${path}.${process.arch}-${cachedDataVersionTag()}.cache`;
  writeFileSync(cache, script.createCachedData());
}
process.exit(0);

function eventOf(name: string, freshness: string) {
  const route = functions.find(({ file }) => file === name)?.route;
  if (route === undefined) throw new Error(`${name} serves no route`);
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, parameter = ""]) => parameter);
  const pathParameters = Object.fromEntries(names.map((one) => [one, one === "extensionId" ? "me" : "1"]));
  const http = { method: route.method, path: route.path, sourceIp: "127.0.0.1", userAgent: "cache" };
  return {
    version: "2.0",
    rawPath: route.path,
    rawQueryString: "",
    headers: { authorization: `Bearer ${issuer.tokens.admin}`, "cache-control": freshness },
    pathParameters,
    requestContext: { http, requestId: "cache" },
    isBase64Encoded: false,
  };
}
