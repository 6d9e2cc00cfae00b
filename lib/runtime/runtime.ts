import { createHash, randomUUID } from "node:crypto";
import { createAuthenticate } from "../http/authenticate.ts";
import type { HandledRequest } from "../http/middleware-stack.ts";
import { createBlockedNumberEndpoints } from "../numbers/blocked-number-endpoint.ts";
import type { Claimant } from "../people/claimant.ts";
import { Directories } from "../people/directory/directories.ts";
import { CallerFinder, type IdentifyRequest } from "../people/identify.ts";
import { type Clock, systemClock } from "../platform/clock.ts";
import { type CredentialSource, type Credentials, keyOf } from "../platform/credentials.ts";
import type { Deadline } from "../platform/deadline.ts";
import { createLogger } from "../platform/logger.ts";
import { processMetrics } from "../platform/metrics.ts";
import { createPseudonymSource } from "../platform/pseudonyms.ts";
import { createCredentialSource } from "../platform/secrets.ts";
import { readSettings, type Settings } from "../platform/settings.ts";
import { createOAuth } from "../ringcentral/auth/oauth.ts";
import { SharedToken } from "../ringcentral/auth/shared-token.ts";
import { serviceTokens } from "../ringcentral/auth/token-kind.ts";
import { CachedRingCentral } from "../ringcentral/cache/cached-client.ts";
import { LimitedMode } from "../ringcentral/cache/limited-mode.ts";
import { countRateLimitEvent, countTokenEvent } from "../ringcentral/call-metrics.ts";
import { createRingCentral } from "../ringcentral/client.ts";
import { createTransport } from "../ringcentral/http/transport.ts";
import { createTableClock } from "../ringcentral/rate-limit/clock-bounds.ts";
import { SharedRateLimiter } from "../ringcentral/rate-limit/shared-rate-limiter.ts";
import { DynamoRecordStore } from "../storage/dynamo-record-store.ts";
import type { RecordStore } from "../storage/record-store.ts";
import { Activity } from "./activity.ts";
import { logEvent, rateLimitMessages, tokenMessages } from "./log-event.ts";

/** Time and randomness, which tests replace. */
export interface RuntimeSources {
  clock?: Clock;
  random?: () => number;
}

export type Runtime = ReturnType<typeof createRuntime>;
/** The ports for the use cases of one RingCentral account. */
export type AccountRuntime = ReturnType<typeof connectAccount>;

let instance: Runtime | undefined;
let sources: RuntimeSources = {};

/** The process's runtime. @throws ConfigurationError naming the setting that is missing or malformed */
export function runtime(): Runtime {
  instance ??= createRuntime(createShared(readSettings(process.env), sources));
  return instance;
}

/** Forgets all process state: the next `runtime()` is that of a cold start, with these sources. For tests. */
export function resetRuntime(replacements: RuntimeSources = sources): void {
  instance = undefined;
  sources = replacements;
}

/** The parts that all accounts share. */
function createShared(settings: Settings, { clock = systemClock, random = Math.random }: RuntimeSources) {
  // The table's clock is the one all instances share.
  const tableTime = createTableClock(clock);
  const records = new DynamoRecordStore({ tableName: settings.TABLE_NAME, onDate: tableTime.learn });
  return {
    settings,
    clock,
    random,
    tableTime,
    records,
    endpoints: createBlockedNumberEndpoints(records, clock),
    log: createLogger({ component: "runtime" }),
    metrics: processMetrics,
    transport: createTransport(),
  };
}
type Shared = ReturnType<typeof createShared>;

/** The composition root: everything that outlives one invocation, made once per process on the first request. */
function createRuntime(shared: Shared) {
  const { settings, clock, random, records } = shared;
  const accounts = new Map<string, AccountRuntime>();

  const keys = keysOf(account);
  const directories = new Directories(keys, clock);
  const finder = new CallerFinder({
    directories,
    keys,
    clock,
    random,
    servedAccounts: settings.SERVED_ACCOUNTS,
  });

  function account(accountId: string): AccountRuntime {
    // A single-account service has one secret; RingCentral rejects other accounts' ids.
    const key = settings.RINGCENTRAL_SECRET_ID ?? accountId;
    const known = accounts.get(key) ?? connectAccount(shared, key, accountId);
    accounts.set(key, known);
    return known;
  }

  return {
    settings,
    clock,
    random,
    records,
    ready: () => records.ready(),
    authenticate: createAuthenticate(settings, clock),
    pseudonyms: createPseudonymSource(settings.PSEUDONYM_SECRET_ID, clock),
    identify: (claimant: Claimant, request: IdentifyRequest) => finder.identify(claimant, request),
    directories,
    ...keys,
    for: ({ accountId }: { accountId: string }) => account(accountId),

    async afterRequest({ accountId, operation, code, deadline }: HandledRequest): Promise<void> {
      const { activity } = account(accountId);
      if (code !== undefined) activity.problem(operation, code);
      await activity.save(deadline);
    },

    /** Names the app, its user and its permissions: new credentials of the same user in the same app have the same one. */
    async permissionFingerprint(accountId: string, deadline: Deadline): Promise<string> {
      const { credentials, tokens } = account(accountId);
      const { server, clientId } = await credentials.current(deadline);
      const { ownerId, scope = "" } = await tokens.get(deadline);
      const permissions = scope.split(" ").sort();
      return createHash("sha256")
        .update(JSON.stringify([server, clientId, ownerId, permissions]))
        .digest("base64url");
    },
  };
}

/** Keys derived from an account's secret. @throws ConfigurationError */
function keysOf(account: (accountId: string) => AccountRuntime) {
  return {
    /** The key of that account for one purpose, made from its current secret. */
    async currentKey(purpose: string, accountId: string, deadline: Deadline): Promise<Uint8Array> {
      return keyOf(await account(accountId).credentials.current(deadline), purpose);
    },

    /** The keys of every secret that is still valid, read again: another instance may know a newer one. */
    async acceptedKeys(purpose: string, accountId: string, deadline: Deadline): Promise<Uint8Array[]> {
      const accepted = await account(accountId).acceptedSecrets(deadline);
      return accepted.map((credentials) => keyOf(credentials, purpose));
    },
  };
}

function connectAccount(shared: Shared, accountKey: string, accountId: string) {
  const { settings, clock, random, log, metrics, endpoints, transport } = shared;
  const records: RecordStore = shared.records;
  const secretId = settings.RINGCENTRAL_SECRET_ID ?? `${settings.RINGCENTRAL_SECRET_PREFIX}${accountId}`;
  const credentials = createCredentialSource(secretId, clock);
  const fleet = { records, clock, random, accountKey, instanceId: randomUUID() };
  const tokens = new SharedToken({
    ...fleet,
    kind: serviceTokens({ accountKey, credentials, clock, oauth: createOAuth({ transport, clock, log }) }),
    onEvent: (event) => {
      logEvent(log, tokenMessages, event);
      countTokenEvent(metrics, event);
    },
  });
  const rateLimiter = new SharedRateLimiter({
    ...fleet,
    time: shared.tableTime,
    fleetSize: settings.FLEET_SIZE,
    onEvent: (event) => {
      logEvent(log, rateLimitMessages, event);
      countRateLimitEvent(metrics, event, clock.now());
    },
  });
  const limitedMode = new LimitedMode(fleet);
  const activity = new Activity(fleet);
  const counted = activity.counting(rateLimiter);
  const uncached = createRingCentral({
    tokens,
    rateLimiter: counted,
    transport,
    clock,
    random,
    metrics,
    limitedMode,
  });
  const cache = { records, clock, metrics, random, nonce: randomUUID };
  return {
    ringcentral: new CachedRingCentral({ ringcentral: uncached, ...cache }),
    /** The same without the read cache, for the sync. */
    uncached,
    endpoints,
    tokens,
    rateLimiter,
    limitedMode,
    activity,
    records,
    clock,
    random,
    now: clock.now,
    credentials,
    acceptedSecrets: rereadSecrets(credentials, clock),
  };
}

/** The least time between two readings of the secret for a cursor that does not verify. */
const SECRET_REREAD_MS = 15_000;

/** The secret's versions, read past the cache, but not for every forged cursor. */
function rereadSecrets(credentials: CredentialSource, clock: Clock) {
  let reading: { at: number; versions: Promise<Credentials[]> } | undefined;
  return (deadline: Deadline): Promise<Credentials[]> => {
    if (reading === undefined || clock.now() - reading.at >= SECRET_REREAD_MS) {
      const versions = credentials.refreshed(deadline);
      reading = { at: clock.now(), versions };
      versions.catch(() => {
        reading = undefined;
      });
    }
    return reading.versions;
  };
}
