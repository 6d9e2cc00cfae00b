import { randomBytes } from "node:crypto";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { projectRoot } from "../../infra/build/bundle.ts";
import { newSecret } from "../../infra/sign-in/content.ts";
import type { ApiHandler } from "../../lib/http/middleware-stack.ts";
import { systemClock } from "../../lib/platform/clock.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import type { LoadReader } from "../../lib/platform/secrets.ts";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import { resetRuntime, runtime } from "../../lib/runtime/runtime.ts";
import type { RuntimeSources } from "../../lib/runtime/shared.ts";
import { UserGrants } from "../../lib/sign-in/grants.ts";
import type { SignInSecret } from "../../lib/sign-in/secret.ts";
import { createSignInApp } from "../../lib/sign-in/sign-in-app.ts";
import { StorageUnavailable } from "../../lib/storage/errors.ts";
import { invoke, lambdaContext, type TestRequest, type TestResponse } from "../support/api-gateway.ts";
import { apiRoutes, fileOf } from "../support/handlers.ts";
import { COMPANY, labEnvironment, labSecrets, labSessions } from "../support/lab-settings.ts";
import { Browser, clients, ISSUER, signInEvent } from "../support/sign-in-lab.ts";
import { SigningIssuer } from "../support/signing-issuer.ts";
import { sqsEvent } from "../support/sync-services.ts";
import type { VirtualTime } from "../support/virtual-time.ts";
import { createInProcessTwin, SEED } from "../twin/twin.ts";
import { SoakTable } from "./table.ts";
import { connectTwin } from "./transport.ts";

const SERVER = "https://twin.test";

/** A Lambda process: its own copy of every module, and so of everything that a module keeps. */
export interface SoakProcess {
  call(operationId: string, request: TestRequest): Promise<TestResponse>;
  runSync(message: object): Promise<void>;
}

/** The classes that a process's own copy of the modules knows. */
interface Errors {
  RingCentralError: typeof RingCentralError;
  StorageUnavailable: typeof StorageUnavailable;
}

export type World = ReturnType<typeof createWorld>;

/** RingCentral, the table, the secrets, the sign-in server and the identity provider of one simulated hour. */
export function createWorld(time: VirtualTime, random: () => number) {
  setEnvironment();
  const clock = { now: time.now, sleep: time.sleep };
  const limits = { Light: 3_000, Medium: 2_000, Heavy: 500, Auth: 1_000 };
  const redirectUris = [`${ISSUER}/oauth/callback`];
  const { twin, serve } = createInProcessTwin({ clock, limits, numbers: 1_000, latencyMs: 40, redirectUris });
  const table = new SoakTable();
  const secrets = createSecrets();
  const company = new SigningIssuer();
  const readJson = async (url: URL): Promise<unknown> => {
    await time.sleep(30);
    if (url.origin === ISSUER) return JSON.parse((await signIn(signInEvent(new Browser(), url))).body);
    return company.document(url);
  };
  const sourcesOf = (errors: Errors): RuntimeSources => {
    const slowly = async <Result>(act: () => Promise<Result>): Promise<Result> => {
      await time.sleep(2 + Math.floor(random() * 8));
      if (random() * 100 < table.failures) throw new errors.StorageUnavailable("failed");
      return act();
    };
    return {
      random,
      transport: connectTwin(serve, errors.RingCentralError).transport,
      readJson,
      loadSecretReader: secrets.load,
      records: {
        read: (key) => slowly(() => table.read(key)),
        compareAndSet: (...write) => slowly(() => table.compareAndSet(...write)),
        remove: (...removal) => slowly(() => table.remove(...removal)),
        ready: table.ready,
      },
    };
  };
  globalThis.fetch = connectTwin(serve, RingCentralError).fetch;
  const signIn = createSignIn(sourcesOf({ RingCentralError, StorageUnavailable }), secrets.load);

  return {
    time,
    random,
    twin,
    table,
    sourcesOf,
    signIn,
    rotateSecret(): void {
      const secret = randomBytes(12).toString("hex");
      secrets.rotate(secret);
      twin.rotateClientSecret(secret);
    },
    /** A token of the company's identity provider. */
    token(claims: object): string {
      const iat = Math.floor(time.now() / 1_000);
      const issued = { iss: COMPANY, aud: "numbers", client_id: "app", iat, exp: iat + 6 * 3_600 };
      return company.sign({ ...issued, ...claims });
    },
  };
}

function setEnvironment(): void {
  Object.assign(process.env, {
    ...labEnvironment(ISSUER, SEED.accountId),
    SYNC_ACCOUNTS: SEED.accountId,
    SYNC_QUEUE_URL: "http://127.0.0.1:9/none",
    AWS_REGION: "us-east-1",
    AWS_EC2_METADATA_DISABLED: "true",
    FLEET_SIZE: "4",
    METRICS_NAMESPACE: "none",
  });
}

function createSecrets() {
  const { clientId, jwt } = SEED;
  const credentials = (clientSecret: string) =>
    JSON.stringify({ server: SERVER, clientId, clientSecret, jwt });
  const fixed: Record<string, string> = labSecrets();
  let [current, previous]: [string, string] = [SEED.clientSecret, ""];
  const load: LoadReader =
    async () =>
    async ({ SecretId, VersionStage }) => {
      const known = fixed[SecretId];
      const ofStage = VersionStage === "AWSCURRENT" ? current : previous;
      if (known === undefined && ofStage === "")
        throw Object.assign(new Error(), { name: "ResourceNotFoundException" });
      return { SecretString: known ?? credentials(ofStage) };
    };
  const rotate = (secret: string) => {
    [current, previous] = [secret, current];
  };
  return { load, rotate };
}

/** The sign-in server, a process too. */
function createSignIn(sources: RuntimeSources, load: LoadReader) {
  resetRuntime(sources);
  const { records, random, for: of } = runtime();
  const clock = systemClock;
  const log = createLogger({}, { write: () => {} });
  const appOf = () => of({ accountId: SEED.accountId });
  const sessions = labSessions(SEED.accountId, sources.transport ?? { send: () => Promise.reject() }, load);
  const made = newSecret(clock.now());
  const { current, next, changedAt } = made.signingKeys;
  const secret: SignInSecret = {
    ...made,
    signingKeys: { current: { ...current, kid: "key-1" }, next: { ...next, kid: "key-2" }, changedAt },
    clients: [clients.app],
  };
  const update = { records, clock, random };
  const deadline = () => deadlineIn(12_000, clock);
  return createSignInApp({
    ...update,
    issuer: ISSUER,
    servedAccounts: [SEED.accountId],
    administrators: [],
    appOf,
    sessions,
    grants: new UserGrants({ ...update, sessions, deadline }),
    deadline,
    log,
    secret: { current: async () => secret },
  });
}

/** Modules that a module of a process imports are that process's own. */
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const of = /\?process=\d+$/.exec(context.parentURL ?? "")?.[0];
    const isOurs = /\/(lib|functions)\/.*\.ts$/.test(found.url) && !found.url.includes("node_modules");
    return of !== undefined && isOurs ? { ...found, url: found.url + of } : found;
  },
});

export async function startProcess({ sourcesOf }: World, n: number): Promise<SoakProcess> {
  const load = (file: string) => import(`${pathToFileURL(join(projectRoot, file)).href}?process=${n}`);
  const own: { resetRuntime: typeof resetRuntime } = await load("lib/runtime/runtime.ts");
  const [calls, storage] = await Promise.all([
    load("lib/ringcentral/api/errors.ts"),
    load("lib/storage/errors.ts"),
  ]);
  own.resetRuntime(sourcesOf({ ...calls, ...storage }));
  const routes = new Map(apiRoutes.map((route) => [route.operationId, route]));
  return {
    async call(operationId, request) {
      const route = routes.get(operationId);
      if (route === undefined) throw new Error(`no route ${operationId}`);
      const { handler }: { handler: ApiHandler } = await load(fileOf(route));
      return invoke(handler, route, request);
    },
    async runSync(message) {
      const { handler } = await load("functions/sync/run-sync.ts");
      await handler(sqsEvent(message), lambdaContext(120_000));
    },
  };
}
