import { isAudited, type Route } from "../../lib/contract/route.ts";
import { routes } from "../../lib/contract/routes.ts";
import { omitUndefined } from "../../lib/platform/omit-undefined.ts";
import { type AuthorizerParameter, type AuthorizerParameters, gatewayAuthorizers } from "./authorizers.ts";

/** A function's permissions besides its log and its traces. roles.ts makes its IAM role from them. */
export interface Permissions {
  /** Read RingCentral's credentials. */
  secret: boolean;
  /** Read the key of the pseudonyms: for those who call it. */
  pseudonyms?: boolean;
  /** Write entries of the audit. */
  audit?: boolean;
  /** Read the keys that seal the sessions of people who signed in. */
  sessions?: boolean;
  /** Read the signing keys and clients of the sign-in. */
  signIn?: true;
  /** Actions on the one table. */
  table: readonly string[];
  /** The beginnings of the partition keys that it may use there, up to the first `#`. */
  partitions: readonly string[];
  /** Those that it may only read. */
  readOnly?: readonly string[];
  /** Send messages to the sync's queue, or also receive them. */
  queue?: "send" | "work";
  /** Publish on the event bus. */
  bus?: true;
}

/** The properties that differ between functions. osls resolves the variables in the texts. */
interface Settings {
  memorySize?: number;
  timeout?: number;
  environment?: Record<string, string>;
  permissions: Omit<Permissions, "partitions" | "readOnly" | "pseudonyms" | "audit" | "sessions" | "signIn">;
  /** The maximum size of its minified bundle. `npm run package` also rejects a budget that is 15 % too generous. */
  bundleKb: number;
}

export interface FunctionDefinition extends Settings {
  permissions: Permissions;
  /** Its key in osls: the operation id of its route. */
  key: string;
  /** Its place under `functions/`, without extension: `extensions/list-blocked-numbers`. */
  file: string;
  /** Absent: a queue or a schedule calls it, or it serves `paths`. */
  route?: Route;
  /** The gateway's paths that it serves by every method, without the gateway's check of a token. */
  paths?: readonly string[];
  schedule?: { rate: string; description: string };
  /** The code needs the names of its classes and functions, which minifying shortens. */
  keepNames?: true;
  /** Its other triggers, in osls's format. */
  event?: object;
}

const nothing: Settings["permissions"] = { secret: false, table: [] };
/** The records of token, budgets, replays and cache: every function that calls RingCentral needs them. */
const account: Settings["permissions"] = {
  secret: true,
  table: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"],
};
/** The records of every runtime: RingCentral's account, budgets and token, the cache, the issuer, and who a caller is. */
const runtime = [
  ...["account", "cache", "directory", "issuer", "people", "person"],
  ...["rate-limit", "session", "token", "token-calls"],
];
/** The paths whose GET only reads a partition. */
const readers: Readonly<Record<string, RegExp>> = {
  forwarding: /^\/v1\/limits\b/,
  sync: /^\/v1\/(sync|account)\b/,
};
const auditGroup = { AUDIT_LOG_GROUP: "${param:auditLogGroup}" };
const queueUrl = { SYNC_QUEUE_URL: "${param:syncQueueUrl}" };
const sendsToQueue = { environment: queueUrl, permissions: { ...account, queue: "send" } } as const;

/**
 * The default for a route, from its declaration. A request body, or a number in the query, means phone numbers to parse,
 * with a library of 120 KB.
 */
function usualSettings({ scope, isWebhook, body, query }: Route): Settings {
  if (scope === undefined && isWebhook === undefined)
    return { memorySize: 256, timeout: 5, permissions: nothing, bundleKb: 66 };
  const parsesNumbers = body !== undefined || query?.shape.phoneNumber !== undefined;
  return { permissions: account, bundleKb: parsesNumbers ? 755 : 620 };
}

/** The routes that differ from the default, by operation id. */
export const exceptions: Readonly<Record<string, Partial<Settings>>> = {
  updateCallerBlocking: { bundleKb: 620 },
  // Forwarding numbers live on two backends, and the new one spells them in several ways.
  listForwardingNumbers: { bundleKb: 775 },
  getForwardingNumber: { bundleKb: 765 },
  addForwardingNumber: { bundleKb: 780 },
  updateForwardingNumber: { bundleKb: 785 },
  deleteForwardingNumber: { bundleKb: 775 },
  getOverview: { bundleKb: 780 },
  startSync: { ...sendsToQueue, bundleKb: 655 },
  confirmSyncQuarantine: { ...sendsToQueue, bundleKb: 655 },
  // Without an access token; RingCentral's verification token is checked against the secret.
  receiveRingCentralEvent: { ...sendsToQueue, timeout: 5, bundleKb: 640 },
  getOpenApi: { bundleKb: 260 },
  // Its body has no phone number.
  putPerson: { bundleKb: 620 },
};

const jobs: FunctionDefinition[] = [
  {
    key: "queueSyncs",
    file: "sync/queue-syncs",
    schedule: {
      rate: "rate(15 minutes)",
      description: "Reads each directory, and syncs the phone numbers of each account that is due",
    },
    timeout: 60,
    environment: { ...queueUrl, ...auditGroup },
    permissions: {
      // By the table's id it notices that the table was restored.
      table: [...account.table, "dynamodb:DescribeTable"],
      secret: false,
      audit: true,
      queue: "send",
      partitions: ["sync"],
      readOnly: ["token"],
    },
    bundleKb: 330,
  },
  {
    key: "runSync",
    file: "sync/run-sync",
    event: {
      sqs: {
        arn: { "Fn::GetAtt": ["SyncQueue", "Arn"] },
        batchSize: 1,
        // Accounts are synced side by side, one message each; they wait for RingCentral's budgets in the queue.
        maximumConcurrency: 100,
        functionResponseType: "ReportBatchItemFailures",
      },
    },
    // RingCentral allows ten pages a minute: a longer run would mostly wait. It continues in a new message instead.
    timeout: 60,
    environment: { ...queueUrl, EVENT_BUS_NAME: "${param:eventBusName}" },
    // Lambda receives the messages with the function's role; a run that continues sends one.
    permissions: { ...account, queue: "work", bus: true, partitions: [...runtime, "sync"] },
    bundleKb: 705,
  },
  {
    key: "renewSubscriptions",
    file: "webhooks/renew-subscriptions",
    schedule: { rate: "rate(12 hours)", description: "Keeps RingCentral's notifications coming" },
    timeout: 300,
    environment: { WEBHOOK_URL: "${file(infra/resources/index.js):webhookUrl}" },
    permissions: { ...account, partitions: [...runtime, "sync"] },
    bundleKb: 575,
  },
];

/** The OAuth server (lib/sign-in). Its cold start is nobody else's. */
const signIn: FunctionDefinition = {
  key: "signIn",
  file: "sign-in/sign-in",
  // oidc-provider tells its models apart by their classes' names.
  keepNames: true,
  paths: ["/oauth/{proxy+}", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"],
  environment: {
    SIGN_IN_SECRET_ID: "${self:service}/${sls:stage}/sign-in",
    SIGN_IN_ADMINISTRATORS: "${param:signInAdministrators}",
    ...auditGroup,
  },
  permissions: {
    ...account,
    audit: true,
    sessions: true,
    signIn: true,
    partitions: ["session", "sign-in", "token", "token-calls"],
  },
  bundleKb: 1010,
};

/** Every function: one per route, the sign-in, then those that a queue or a schedule calls. */
export const functions: readonly FunctionDefinition[] = [...routes.map(functionOf), signIn, ...jobs];

function functionOf(route: Route): FunctionDefinition {
  const key = route.operationId;
  const settings = { ...usualSettings(route), ...exceptions[key] };
  const pseudonyms = route.scope !== undefined;
  const sessions = pseudonyms && settings.permissions.secret;
  const access = { pseudonyms, sessions, audit: isAudited(route) };
  const permissions = { ...settings.permissions, ...access, ...partitionsOf(route, settings.permissions) };
  const environment = access.audit ? { ...settings.environment, ...auditGroup } : settings.environment;
  return { key, file: fileOf(route), route, ...settings, ...omitUndefined({ environment }), permissions };
}

/** `npm run package` compares them with the keys that the code in the bundle makes. */
function partitionsOf(route: Route, { table }: Settings["permissions"]) {
  if (table.length === 0) return { partitions: [] };
  const { method, path } = route;
  const isWebhook = route.isWebhook === true;
  const uses: Readonly<Record<string, boolean>> = {
    forwarding: isWebhook || /\/(forwarding-numbers|overview)\b/.test(path),
    // A webhook's sender has no keys.
    idempotency: method === "POST" && !isWebhook,
    sync: method !== "GET" && /^\/v1\/(sync|webhooks)\b/.test(path),
    webhook: isWebhook,
  };
  const extra = Object.keys(uses).filter((partition) => uses[partition]);
  const read = Object.keys(readers).filter((partition) => method === "GET" && readers[partition]?.test(path));
  return { partitions: [...runtime, ...extra], ...(read.length > 0 && { readOnly: read }) };
}

/** `GET /v1/extensions/…` as `listBlockedNumbers` is served by functions/extensions/list-blocked-numbers.ts. */
function fileOf({ operationId, path }: Route): string {
  const [, folder = "operations"] = /^\/v1\/(extensions|account|people|sync|webhooks)\b/.exec(path) ?? [];
  const words = operationId.replace("RingCentral", "Ringcentral").replace("OpenApi", "Openapi");
  return `${folder}/${words.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** One flat name each: the deployment bucket keeps only the file name. */
export const artifactOf = (file: string) => `.build/artifacts/${file.replaceAll("/", "-")}.zip`;

/** The logical id of `listBlockedNumbers` begins with `ListBlockedNumbers`. */
export const logicalName = (key: string) => `${key.slice(0, 1).toUpperCase()}${key.slice(1)}`;

interface AuthParameters extends AuthorizerParameters {
  text(parameter: AuthorizerParameter | "authScopeClaims" | "authGrantedScopes" | "authScopePrefix"): string;
}

/**
 * How the gateway spells a route's scope; `undefined` leaves the check to the functions. It reads `scope` and `scp` only.
 *
 */
function gatewayScope({ text }: AuthParameters) {
  // Our own tokens spell scopes as they are.
  if (text("authIssuer") === "" && text("signInIssuer") !== "") return (scope: string) => scope;
  if (text("authScopeClaims") !== "" || text("authGrantedScopes") !== "") return undefined;
  return (scope: string) => `${text("authScopePrefix")}${scope}`;
}

/** `functions:` of serverless.yml. */
export function serverlessFunctions(stack: AuthParameters): Record<string, object> {
  const spell = gatewayScope(stack);
  const isChecked = "callers" in gatewayAuthorizers(stack);
  return Object.fromEntries(
    functions.map((definition) => {
      const { key, file, memorySize, timeout, environment } = definition;
      const settings = {
        handler: `functions/${file}.handler`,
        role: `${logicalName(key)}Role`,
        package: { artifact: artifactOf(file) },
        // osls would make a log group for each (infra/resources/logs.ts).
        disableLogs: true,
        events: eventsOf(definition, spell, isChecked),
        ...omitUndefined({ memorySize, timeout, environment }),
      };
      return [key, settings];
    }),
  );
}

function eventsOf(
  { key, route, paths, schedule, event = {} }: FunctionDefinition,
  spell: ReturnType<typeof gatewayScope>,
  isChecked: boolean,
): object[] {
  if (paths !== undefined) return paths.map((path) => ({ httpApi: { method: "*", path } }));
  if (schedule !== undefined) {
    const roleArn = { "Fn::GetAtt": [`${logicalName(key)}ScheduleRole`, "Arn"] };
    return [{ schedule: { method: "scheduler", ...schedule, roleArn } }];
  }
  if (route === undefined) return [event];
  const { path, scope } = route;
  const scopes = scope && scope !== "any" && spell && { scopes: [spell(scope)] };
  const authorizer = isChecked && scope !== undefined && { authorizer: { name: "callers", ...scopes } };
  return methodsOf(route).map((method) => ({ httpApi: { method, path, ...authorizer } }));
}

/** The gateway has a route of its own for HEAD, which the function of GET serves. */
export const methodsOf = ({ method }: Route): string[] => (method === "GET" ? ["GET", "HEAD"] : [method]);
