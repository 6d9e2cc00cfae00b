import { realClock } from "./clock.ts";
import { createDirectoryEditor } from "./data/directory-editor.ts";
import { createNumberEditor } from "./data/number-editor.ts";
import { createOutsideWriter } from "./data/outside-writer.ts";
import { SEED } from "./data/seed.ts";
import { createWorld } from "./data/seed-world.ts";
import { findExtension } from "./data/world.ts";
import { createCallHandlingControl } from "./edge/call-handling-control.ts";
import { serveControl } from "./edge/control.ts";
import type { Ending } from "./edge/fault-effects.ts";
import { createFaults } from "./edge/faults.ts";
import type { Platform } from "./edge/platform.ts";
import { createRateLimiter } from "./edge/rate-limiter.ts";
import type { ReceivedRequest } from "./edge/received-request.ts";
import { createRequestLog } from "./edge/request-log.ts";
import { createSchedule } from "./edge/schedule.ts";
import { type Edge, serveRequest } from "./edge/serve-request.ts";
import { listen, type TwinServer } from "./edge/server.ts";
import { createWebhooks } from "./edge/webhooks.ts";
import { createWritesInFlight } from "./edge/writes-in-flight.ts";
import { createCodes } from "./oauth/codes.ts";
import { createIdTokens } from "./oauth/id-tokens.ts";
import { findPerson } from "./oauth/people.ts";
import { createSessions } from "./oauth/sessions.ts";
import { changeSettings, checkSettings, initialSettings, OptionError, type TwinOptions } from "./options.ts";
import { createRandom } from "./random.ts";
import { contactOf } from "./rest/directory.ts";
import type { Twin } from "./running-twin.ts";

export { type Clock, createManualClock, type ManualClock, realClock } from "./clock.ts";
export type { NumberEditor } from "./data/number-editor.ts";
export { SEED } from "./data/seed.ts";
export type {
  Account,
  App,
  CallerBlockingEntry,
  CompanyNumber,
  Extension,
  ForwardingEntry,
  User,
  World,
} from "./data/world.ts";
export type { FaultRule, Faults, SetFault } from "./edge/faults.ts";
export type { LoggedRequest } from "./edge/request-log.ts";
export type { Group, GroupLimits, Settings, TwinOptions } from "./options.ts";
export { OptionError } from "./options.ts";
export type { PermissionPatch, Twin } from "./running-twin.ts";

const optionKeys = [
  "port",
  "host",
  "numbers",
  "seed",
  "clock",
  "redirectUris",
  "callHandling",
  "moveAfterMs",
  "moveBeforeCall",
];

/**
 * Starts a simulator of RingCentral on its own port. Any number of them may run in one process.
 * @throws OptionError for an unknown option
 */
export async function startTwin(options: TwinOptions = {}): Promise<Twin> {
  const { port = 0, host = "127.0.0.1" } = options;
  const { edge, open } = createTwin(options);
  const server = await listen(host, port, async (request) =>
    request.path.startsWith("/__twin/") ? await serveControl(twin, request) : serveRequest(edge, request),
  );
  const twin = open(server);
  return twin;
}

/**
 * A simulator without a port, for tests that call it thousands of times: `serve` takes a request as received.
 * @throws OptionError for an unknown option
 */
export function createInProcessTwin(options: TwinOptions = {}) {
  const { edge, open } = createTwin(options);
  const twin = open({ url: "https://twin.test", close: async () => {} });
  return { twin, serve: (request: ReceivedRequest): Promise<Ending> => serveRequest(edge, request) };
}

function createTwin(options: TwinOptions) {
  const { numbers = 250, seed = 1, clock = realClock } = options;
  const settingOptions = Object.fromEntries(
    Object.entries(options).filter(([name, value]) => !optionKeys.includes(name) && value !== undefined),
  );
  if (options.callHandling !== undefined && !["legacy", "new", "moving"].includes(options.callHandling)) {
    throw new OptionError(`option callHandling cannot be ${options.callHandling}`);
  }
  if (!Number.isInteger(numbers) || numbers < 0) throw new OptionError(`option numbers cannot be ${numbers}`);
  const random = createRandom(seed);
  const platform: Platform = {
    world: createWorld(numbers),
    settings: initialSettings(settingOptions),
    clock,
    random,
    sessions: createSessions(clock, random, () => platform.settings),
    codes: createCodes(clock, random),
    idTokens: createIdTokens(random),
    limiter: createRateLimiter(),
    webhooks: createWebhooks(clock, random),
    schedule: createSchedule(() => clock.now()),
    outsideWriter: createOutsideWriter(createRandom(seed + 2)),
    callsOnMoved: 0,
    baseUrl: "",
  };
  const faults = createFaults(createRandom(seed + 1));
  const edge: Edge = { platform, log: createRequestLog(), faults, writes: createWritesInFlight() };
  const open = (server: TwinServer): Twin => {
    platform.baseUrl = server.url;
    const twin = openTwin(edge, {
      close: () => {
        platform.webhooks.close();
        return server.close();
      },
      restart: () => {
        platform.world = createWorld(numbers);
        platform.settings = initialSettings(settingOptions);
        prepare(twin, options);
      },
    });
    prepare(twin, options);
    return twin;
  };
  return { edge, open };
}

/** Registers the redirect URIs; moves the main account from the start, or has it moved while the twin runs. */
function prepare(twin: Twin, options: TwinOptions): void {
  const { callHandling, moveAfterMs = 60_000, moveBeforeCall, redirectUris = [] } = options;
  twin.registerRedirectUris(redirectUris);
  if (callHandling === "new") twin.callHandling.move({});
  if (callHandling !== "moving") return;
  twin.callHandling.move({}, { afterMs: moveAfterMs });
  if (moveBeforeCall !== undefined) twin.callHandling.move({}, { beforeCall: moveBeforeCall });
}

function openTwin(edge: Edge, lifecycle: { close(): Promise<void>; restart(): void }): Twin {
  const { platform, log, faults } = edge;
  const { sessions, limiter } = platform;
  const appOf = (clientId: string) => {
    const app = platform.world.apps.get(clientId);
    if (app === undefined) throw new Error(`no such app: ${clientId}`);
    return app;
  };
  const userOf = (jwt: string) => {
    const user = platform.world.users.find((each) => each.jwt === jwt);
    if (user === undefined) throw new Error(`no user has the JWT credential ${jwt}`);
    return user;
  };
  return {
    url: platform.baseUrl,
    clock: platform.clock,
    requests: log.entries,
    clearRequests: () => log.clear(),
    faults,
    get settings() {
      return platform.settings;
    },
    configure(patch, when = {}) {
      checkSettings(patch);
      platform.schedule.add(when, () => changeSettings(platform.settings, patch));
    },
    get state() {
      return platform.world;
    },
    extension: (extensionId) => findExtension(platform.world, extensionId),
    numbers: createNumberEditor(
      () => platform.world,
      SEED.accountId,
      (account, extensionId) =>
        platform.webhooks.extensionChanged(platform.world, account, extensionId, "CompanyNumbers"),
    ),
    directory: createDirectoryEditor(
      () => platform.world,
      SEED.accountId,
      (account, extension, eventType) => {
        const isEnabled = eventType !== "Delete" && extension.status === "Enabled";
        if (!isEnabled) sessions.end({ extensionId: extension.id });
        if (!platform.settings.directoryEvents) return;
        const contact = contactOf(account, extension, eventType);
        platform.webhooks.directoryChanged(platform.world, account, contact);
      },
    ),
    callHandling: createCallHandlingControl(platform, SEED.accountId),
    deliveries: platform.webhooks.deliveries,
    deliveriesSettled: () => platform.webhooks.settled(),
    get sessions() {
      return sessions.list();
    },
    rotateClientSecret(secret, clientId = SEED.clientId) {
      appOf(clientId).clientSecret = secret;
    },
    rotateJwt(jwt, old = SEED.jwt) {
      userOf(old).jwt = jwt;
    },
    setPermissions({ clientId = SEED.clientId, app, jwt = SEED.jwt, extensionId, user }) {
      if (app !== undefined) appOf(clientId).permissions = [...app];
      if (user === undefined) return;
      const person = extensionId === undefined ? userOf(jwt) : findPerson(platform.world, extensionId);
      if (person === undefined) throw new Error(`no such person: ${extensionId}`);
      person.permissions = [...user];
    },
    registerRedirectUris(uris, clientId) {
      for (const uri of uris) if (!URL.canParse(uri)) throw new OptionError(`no URI: ${uri}`);
      const signsIn = [...platform.world.apps.values()].filter(({ grants }) =>
        grants.includes("authorization_code"),
      );
      const apps = clientId === undefined ? signsIn : [appOf(clientId)];
      for (const app of apps) app.redirectUris = [...uris];
    },
    signIn: (authorizeUrl, as) => followSignIn(edge, authorizeUrl, as),
    changePassword: (extensionId) => sessions.end({ extensionId, via: "code" }),
    expireTokens: () => sessions.expireAccessTokens(),
    expireRefreshTokens: () => sessions.expireRefreshTokens(),
    endSessions: (filter = {}) => sessions.end(filter),
    clearLimits: () => limiter.clear(),
    reset() {
      sessions.end({});
      platform.codes.clear();
      limiter.clear();
      faults.clear();
      platform.schedule.clear();
      platform.outsideWriter.clear();
      platform.callsOnMoved = 0;
      log.clear();
      lifecycle.restart();
    },
    close: () => lifecycle.close(),
  };
}

const isLoginPage = ({ platform }: Edge, location = "") => location.startsWith(`${platform.baseUrl}/login?`);

/** A browser that follows the authorize URL, signs in on the page, and stops at the app's own address. */
async function followSignIn(edge: Edge, authorizeUrl: string, as: string): Promise<string> {
  const { pathname: path, searchParams: query } = new URL(authorizeUrl);
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const form = new URLSearchParams([...query, ["as", as]]);
  let ending = await serveRequest(edge, { method: "GET", path, query, headers: {}, body: "" });
  if ("response" in ending && isLoginPage(edge, ending.response.headers.Location)) {
    const login = { method: "POST", path: "/login", query: new URLSearchParams(), headers };
    ending = await serveRequest(edge, { ...login, body: String(form) });
  }
  const { status = 0, headers: given = {}, body = ending.kind } = "response" in ending ? ending.response : {};
  if (status === 302 && given.Location !== undefined) return given.Location;
  throw new Error(`the sign-in ended with ${status}: ${body}`);
}
