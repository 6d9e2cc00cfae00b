import { randomBytes, randomUUID } from "node:crypto";
import { startDynamoDbEmulator } from "../../infra/local/dynamodb-emulator.ts";
import {
  type EventBridgeEndpoint,
  startEventBridgeEndpoint,
} from "../../infra/local/eventbridge-endpoint.ts";
import { type OidcIssuer, startOidcIssuer } from "../../infra/local/oidc-issuer.ts";
import { startSecretsEndpoint } from "../../infra/local/secrets-endpoint.ts";
import { type SqsEmulator, startSqsEmulator } from "../../infra/local/sqs-emulator.ts";
import { SEED, startTwin, type Twin, type TwinOptions } from "../twin/twin.ts";
import { type Audit, startAudit } from "./audit.ts";
import { hastenFrom } from "./fast-clock.ts";
import { type FaultProxy, type ProxiedRequest, startFaultProxy } from "./fault-proxy.ts";
import { Instance, type Outcome } from "./instance.ts";

/** Every dependency of the functions behind a proxy, and the instances that use them. */
export interface World {
  twin: Twin;
  issuer: OidcIssuer;
  /** The queue without its proxy. */
  sqs: SqsEmulator;
  bus: EventBridgeEndpoint["bus"];
  proxies: Record<Dependency, FaultProxy>;
  /** Every POST of a forwarding number that RingCentral's proxy got. */
  sends: readonly Send[];
  /** Every call for a token that RingCentral's proxy got. */
  tokenCalls: readonly TokenCall[];
  audit: Audit;
  /** What the functions are set to. */
  environment: NodeJS.ProcessEnv;
  /** Processes ended by `kill -9`, processes stopped for a while, and those of them that were at work on a request. */
  disturbances: { kills: number; freezes: number; atWork: number };
  instances: readonly Instance[];
  /** Runs one event on an idle instance of the function, and starts a new instance in place of an ended one. */
  invoke(functionName: string, event: unknown, timeoutMs?: number): Promise<Outcome>;
  /** The same on an instance that has just started, and ends afterwards. */
  invokeCold(functionName: string, event: unknown): Promise<Outcome>;
  /** Lets the clocks of all processes run fast from then on, in a scenario whose speed is not 1. */
  hasten(fastFrom: number): void;
  /** Uniform in [0, 1), from the seed. */
  random: () => number;
  close(): Promise<void>;
}

export const dependencies = ["ringcentral", "table", "secrets", "issuer", "queue", "bus", "audit"] as const;
export type Dependency = (typeof dependencies)[number];

export interface Send {
  phoneNumber: string;
  at: number;
  /** What the client got; absent: a broken connection, or no response yet. */
  status?: number;
}

export interface TokenCall {
  grant: string;
  /** Absent: a log-in. */
  refreshToken?: string;
  at: number;
  endedAt?: number;
  status?: number;
}

export interface WorldOptions {
  bundlesDir: string;
  /** Number of instances of each function: `extensions/list-forwarding-numbers`. */
  fleet: Readonly<Record<string, number>>;
  twin?: TwinOptions;
  /** People sign in with RingCentral: their tokens are of this service's own issuer. */
  isSignIn?: boolean;
  /** The life of RingCentral's access tokens, 600 at least. */
  accessTokenSeconds?: number;
  random: () => number;
}

export const SESSIONS = "ringfront/test/sessions";
const SECRET = "ringfront/test/ringcentral";
const PSEUDONYMS = "ringfront/test/pseudonyms";
const AUDIENCE = "ringfront";

export async function startWorld({
  bundlesDir,
  fleet,
  twin: options,
  isSignIn = false,
  accessTokenSeconds = 3_600,
  random,
}: WorldOptions): Promise<World> {
  const twin = await startTwin(options);
  const sends: Send[] = [];
  const tokenCalls: TokenCall[] = [];
  const ringcentral = await startFaultProxy({
    random,
    targetUrl: twin.url,
    rewrite: (request) =>
      isToken(request) ? `${request.body}&access_token_ttl=${accessTokenSeconds}` : request.body,
    onRequest(request) {
      if (isToken(request)) return noted(tokenCalls, request);
      if (!isAdd(request)) return undefined;
      const send: Send = { phoneNumber: numberIn(request), at: Date.now() };
      sends.push(send);
      return (status) => {
        send.status = status;
      };
    },
  });
  const issuerProxy = await startFaultProxy({ random });
  const { accountId, extensionId, otherExtensionId, clientId, clientSecret, jwt } = SEED;
  const issuer = await startOidcIssuer(
    AUDIENCE,
    { accountId, extensionId, otherExtensionId },
    { publicUrl: issuerProxy.url },
  );
  issuerProxy.aimAt(issuer.ownUrl);
  const secret = JSON.stringify({ server: ringcentral.url, clientId, clientSecret, jwt });
  const secretsEndpoint = await startSecretsEndpoint({
    [SECRET]: secret,
    [PSEUDONYMS]: randomUUID(),
    [SESSIONS]: JSON.stringify({ sealingKeys: [randomBytes(32).toString("base64url")] }),
  });
  const secrets = await startFaultProxy({ random, targetUrl: secretsEndpoint.url });
  const tableName = `ringfront-test-${randomUUID()}`;
  const dynamodb = await startDynamoDbEmulator(tableName);
  const table = await startFaultProxy({ random, targetUrl: dynamodb.url });
  const sqs = await startSqsEmulator("ringfront-test-sync");
  const queue = await startFaultProxy({ random, targetUrl: sqs.url });
  const eventBridge = await startEventBridgeEndpoint();
  const bus = await startFaultProxy({ random, targetUrl: eventBridge.url });
  const audit = await startAudit();
  const auditLog = await startFaultProxy({ random, targetUrl: audit.url });
  const proxies = { ringcentral, table, secrets, issuer: issuerProxy, queue, bus, audit: auditLog };
  const environment: NodeJS.ProcessEnv = {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    AWS_ENDPOINT_URL_DYNAMODB: table.url,
    AWS_ENDPOINT_URL_SQS: queue.url,
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
    RINGCENTRAL_SECRET_ID: SECRET,
    PSEUDONYM_SECRET_ID: PSEUDONYMS,
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: auditLog.url,
    AUDIT_LOG_GROUP: "ringfront-test-audit",
    ...(isSignIn
      ? { SIGN_IN_ISSUER: issuer.url, SESSION_SECRET_ID: SESSIONS }
      : { AUTH_ISSUER: issuer.url, AUTH_AUDIENCE: AUDIENCE }),
    SERVED_ACCOUNTS: accountId,
    TABLE_NAME: tableName,
    SYNC_QUEUE_URL: sqs.queue.url,
    EVENT_BUS_NAME: "ringfront-test",
    SYNC_ACCOUNTS: accountId,
    FLEET_SIZE: String(Object.values(fleet).reduce((sum, count) => sum + count, 0)),
  };
  const start = (name: string) =>
    new Instance(`${bundlesDir}/functions/${name}.mjs`, environment, audit.print);
  const instances = new Map(
    Object.entries(fleet).map(([name, count]) => [name, Array.from({ length: count }, () => start(name))]),
  );
  await Promise.all([...instances.values()].flat().map(({ isReady }) => isReady));
  const waiting: (() => void)[] = [];
  let isClosed = false;

  /** An idle instance of the function; waits for one while all are busy. */
  async function claim(name: string, isCold = false): Promise<Instance> {
    const own = instances.get(name);
    if (own === undefined) throw new Error(`no instance of ${name}`);
    for (;;) {
      for (const [index, instance] of own.entries()) {
        if (instance.isGone && !isClosed) own[index] = start(name);
      }
      const idle = own.filter(({ isBusy, isGone, isWarm }) => !isBusy && !isGone && (!isCold || !isWarm));
      const chosen = idle[Math.floor(random() * idle.length)];
      if (chosen !== undefined) {
        // At once: the next claim must not choose it too.
        chosen.isBusy = true;
        return chosen;
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }

  return {
    twin,
    issuer,
    sqs,
    bus: eventBridge.bus,
    proxies,
    sends,
    tokenCalls,
    audit,
    environment,
    disturbances: { kills: 0, freezes: 0, atWork: 0 },
    get instances() {
      return [...instances.values()].flat();
    },
    async invoke(functionName, event, timeoutMs) {
      const instance = await claim(functionName);
      const outcome = await instance.invoke(event, timeoutMs);
      for (const wake of waiting.splice(0)) wake();
      return outcome;
    },
    async invokeCold(functionName, event) {
      const instance = await claim(functionName, true);
      const outcome = await instance.invoke(event);
      await instance.end();
      for (const wake of waiting.splice(0)) wake();
      return outcome;
    },
    hasten(fastFrom) {
      hastenFrom(fastFrom);
      for (const instance of [...instances.values()].flat()) instance.hasten(fastFrom);
    },
    random,
    async close() {
      isClosed = true;
      for (const instance of [...instances.values()].flat()) instance.kill();
      const parts = [
        ...Object.values(proxies),
        twin,
        issuer,
        secretsEndpoint,
        dynamodb,
        sqs,
        eventBridge,
        audit,
      ];
      await Promise.all(parts.map((part) => part.close()));
    },
  };
}

export const isAdd = ({ method, path }: ProxiedRequest) =>
  method === "POST" && path.endsWith("/forwarding-number");

const numberIn = ({ body }: ProxiedRequest) => String(JSON.parse(body).phoneNumber);

export const isToken = ({ method, path }: ProxiedRequest) =>
  method === "POST" && path.endsWith("/oauth/token");

function noted(calls: TokenCall[], { body }: ProxiedRequest): (status: number) => void {
  const form = new URLSearchParams(body);
  const refreshToken = form.get("refresh_token");
  const call: TokenCall = {
    grant: form.get("grant_type") ?? "",
    at: Date.now(),
    ...(refreshToken !== null && { refreshToken }),
  };
  calls.push(call);
  return (status) => Object.assign(call, { status, endedAt: Date.now() });
}
