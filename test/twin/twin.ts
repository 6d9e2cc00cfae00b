import { type Clock, realClock } from "./clock.ts";
import { createNumberEditor, type NumberEditor } from "./data/number-editor.ts";
import { SEED } from "./data/seed.ts";
import { createWorld } from "./data/seed-world.ts";
import { type Extension, findExtension, type World } from "./data/world.ts";
import { serveControl } from "./edge/control.ts";
import { createFaults, type Faults } from "./edge/faults.ts";
import type { Platform } from "./edge/platform.ts";
import { createRateLimiter } from "./edge/rate-limiter.ts";
import { createRequestLog, type LoggedRequest } from "./edge/request-log.ts";
import { type Edge, serveRequest } from "./edge/serve-request.ts";
import { listen } from "./edge/server.ts";
import { createWebhooks, type Delivery } from "./edge/webhooks.ts";
import { createWritesInFlight } from "./edge/writes-in-flight.ts";
import { createSessions, type Session } from "./oauth/sessions.ts";
import { changeSettings, initialSettings, OptionError, type Settings, type TwinOptions } from "./options.ts";
import { createRandom } from "./random.ts";

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

/** New permission lists; absent ones stay. */
export interface PermissionPatch {
  /** The app whose permissions to set (the main app). */
  clientId?: string;
  app?: readonly string[];
  /** The user whose permissions to set (the administrator). */
  jwt?: string;
  user?: readonly string[];
}

/** A running simulator of RingCentral, with the controls for tests. */
export interface Twin {
  /** Without a trailing slash. */
  readonly url: string;
  readonly clock: Clock;
  /** Every request to the API, in order of arrival. */
  readonly requests: readonly LoggedRequest[];
  clearRequests(): void;
  readonly faults: Faults;
  readonly settings: Readonly<Settings>;
  /** @throws OptionError for an unknown setting or an invalid value */
  configure(patch: Partial<Omit<Settings, "limits">> & Pick<TwinOptions, "limits">): void;
  /** Accounts, apps and users, to read and to change. */
  readonly state: World;
  /** @throws Error when no account has such an extension */
  extension(extensionId: string): Extension;
  /** The phone numbers of the main account. Subscribers are notified of edits to an extension's numbers. */
  readonly numbers: NumberEditor;
  /** Every notification sent, without validation requests. */
  readonly deliveries: readonly Delivery[];
  /** Resolves when every notification has a response or has timed out. */
  deliveriesSettled(): Promise<void>;
  readonly sessions: readonly Session[];
  /** The old secret stops working at once; sessions continue. */
  rotateClientSecret(secret: string, clientId?: string): void;
  /** Replaces a user's JWT credential, as deleting and creating it in the console does. */
  rotateJwt(jwt: string, old?: string): void;
  setPermissions(patch: PermissionPatch): void;
  /** Every access token has expired: OAU-128. */
  expireTokens(): void;
  /** Every refresh token has expired: OAU-210. */
  expireRefreshTokens(): void;
  /** Every session has ended: OAU-213. */
  endSessions(): void;
  /** Clears the rate limiters, penalties included. */
  clearLimits(): void;
  /** Restores the initial state: data, settings, sessions, limits, faults and the log. */
  reset(): void;
  /** Breaks every connection at once. */
  close(): Promise<void>;
}

const optionKeys = ["port", "host", "numbers", "seed", "clock"];

/**
 * Starts a simulator of RingCentral on its own port. Any number of them may run in one process.
 * @throws OptionError for an unknown option
 */
export async function startTwin(options: TwinOptions = {}): Promise<Twin> {
  const { port = 0, host = "127.0.0.1", numbers = 250, seed = 1, clock = realClock } = options;
  const settingOptions = Object.fromEntries(
    Object.entries(options).filter(([name, value]) => !optionKeys.includes(name) && value !== undefined),
  );
  if (!Number.isInteger(numbers) || numbers < 0) throw new OptionError(`option numbers cannot be ${numbers}`);
  const random = createRandom(seed);
  const platform: Platform = {
    world: createWorld(numbers),
    settings: initialSettings(settingOptions),
    clock,
    random,
    sessions: createSessions(clock, random),
    limiter: createRateLimiter(),
    webhooks: createWebhooks(clock, random),
    baseUrl: "",
  };
  const faults = createFaults(createRandom(seed + 1));
  const edge: Edge = { platform, log: createRequestLog(), faults, writes: createWritesInFlight() };
  const server = await listen(host, port, async (request) =>
    request.path.startsWith("/__twin/") ? serveControl(twin, request) : serveRequest(edge, request),
  );
  platform.baseUrl = server.url;
  const twin = openTwin(edge, {
    close: () => {
      platform.webhooks.close();
      return server.close();
    },
    restart: () => {
      platform.world = createWorld(numbers);
      platform.settings = initialSettings(settingOptions);
    },
  });
  return twin;
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
    configure: (patch) => changeSettings(platform.settings, patch),
    get state() {
      return platform.world;
    },
    extension: (extensionId) => findExtension(platform.world, extensionId),
    numbers: createNumberEditor(
      () => platform.world,
      SEED.accountId,
      (account, extensionId) => platform.webhooks.numbersChanged(platform.world, account, extensionId),
    ),
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
    setPermissions({ clientId = SEED.clientId, app, jwt = SEED.jwt, user }) {
      if (app !== undefined) appOf(clientId).permissions = [...app];
      if (user !== undefined) userOf(jwt).permissions = [...user];
    },
    expireTokens: () => sessions.expireAccessTokens(),
    expireRefreshTokens: () => sessions.expireRefreshTokens(),
    endSessions: () => sessions.endAll(),
    clearLimits: () => limiter.clear(),
    reset() {
      sessions.endAll();
      limiter.clear();
      faults.clear();
      log.clear();
      lifecycle.restart();
    },
    close: () => lifecycle.close(),
  };
}
