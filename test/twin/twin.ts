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
    request.path.startsWith("/__twin/") ? serveControl(twin, request) : serveRequest(edge, request),
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
    sessions: createSessions(clock, random),
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
        startMove(twin, options);
      },
    });
    startMove(twin, options);
    return twin;
  };
  return { edge, open };
}

/** Moves the main account from the start, or has it moved while the twin runs. */
function startMove(twin: Twin, { callHandling, moveAfterMs = 60_000, moveBeforeCall }: TwinOptions): void {
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
      platform.schedule.clear();
      platform.outsideWriter.clear();
      platform.callsOnMoved = 0;
      log.clear();
      lifecycle.restart();
    },
    close: () => lifecycle.close(),
  };
}
