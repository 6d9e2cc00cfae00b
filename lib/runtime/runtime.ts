import { createHash, randomUUID } from "node:crypto";
import { type Authenticator, createAuthenticator } from "../http/authenticate.ts";
import {
  type BlockedNumberEndpoints,
  createBlockedNumberEndpoints,
} from "../numbers/blocked-number-endpoint.ts";
import { type Clock, systemClock } from "../platform/clock.ts";
import { type CredentialSource, type Credentials, keyOf } from "../platform/credentials.ts";
import type { Deadline } from "../platform/deadline.ts";
import { createLogger, type Logger } from "../platform/logger.ts";
import { type Metrics, processMetrics } from "../platform/metrics.ts";
import { createCredentialSource } from "../platform/secrets.ts";
import { readSettings, type Settings } from "../platform/settings.ts";
import { VERSION } from "../platform/version.ts";
import type { RingCentral } from "../ringcentral/api/operation.ts";
import { createOAuth } from "../ringcentral/auth/oauth.ts";
import { SharedToken } from "../ringcentral/auth/shared-token.ts";
import { createCachedRingCentral } from "../ringcentral/cache/cached-client.ts";
import { countRateLimitEvent, countTokenEvent } from "../ringcentral/call-metrics.ts";
import { createRingCentral } from "../ringcentral/client.ts";
import { createTransport, type Transport, userAgent } from "../ringcentral/http/transport.ts";
import { createTableClock, type FleetClock } from "../ringcentral/rate-limit/clock-bounds.ts";
import { defaultSettings } from "../ringcentral/rate-limit/settings.ts";
import { SharedRateLimiter } from "../ringcentral/rate-limit/shared-rate-limiter.ts";
import { createDynamoRecordStore } from "../storage/dynamo-record-store.ts";
import type { RecordStore } from "../storage/record-store.ts";

/** The ports for the use cases of one RingCentral account. */
export interface AccountRuntime {
  ringcentral: RingCentral;
  /** The same without the read cache, for the sync. */
  uncached: RingCentral;
  endpoints: BlockedNumberEndpoints;
  tokens: SharedToken;
  rateLimiter: SharedRateLimiter;
  records: RecordStore;
  clock: Clock;
  now: () => number;
}

/**
 * The composition root: everything that outlives one invocation, made once per process on the first request.
 */
export interface Runtime {
  settings: Settings;
  clock: Clock;
  random: () => number;
  authenticator: Authenticator;
  /** The account's client, token, budgets and findings. */
  for(request: { accountId: string }): AccountRuntime;
  records: RecordStore;
  /** The key of that account for one purpose, made from its current secret. @throws ConfigurationError */
  currentKey(purpose: string, accountId: string, deadline: Deadline): Promise<Uint8Array>;
  /**
   * Names what the account is seen with: the app, its user, and the app's permissions. New credentials of the same
   * user in the same app are the same.
   */
  viewpoint(accountId: string, deadline: Deadline): Promise<string>;
  /** The keys of every secret that is still valid, read again: another instance may know a newer one. */
  acceptedKeys(purpose: string, accountId: string, deadline: Deadline): Promise<Uint8Array[]>;
}

/** Time and chance, which tests replace. */
export interface RuntimeSources {
  clock?: Clock;
  random?: () => number;
}

let instance: Runtime | undefined;
let sources: RuntimeSources = {};

/** The process's runtime. @throws ConfigurationError naming the setting that is missing or malformed */
export function runtime(): Runtime {
  instance ??= createRuntime(readSettings(process.env), sources);
  return instance;
}

/** Forgets all process state: the next `runtime()` is that of a cold start, with these sources. For tests. */
export function resetRuntime(replacements: RuntimeSources = sources): void {
  instance = undefined;
  sources = replacements;
}

function createRuntime(
  settings: Settings,
  { clock = systemClock, random = Math.random }: RuntimeSources = {},
): Runtime {
  const tableTime = createTableClock({ clock, maxSkewMs: defaultSettings.maxSkewMs });
  const shared: Shared = {
    settings,
    clock,
    random,
    tableTime,
    log: createLogger({ component: "runtime" }),
    metrics: processMetrics,
    records: createDynamoRecordStore({ tableName: settings.tableName, onDate: tableTime.learn }),
    transport: createTransport({ userAgent: userAgent(VERSION) }),
  };
  const endpoints = createBlockedNumberEndpoints(shared);
  const accounts = new Map<string, Account>();

  function account(accountId: string): Account {
    // A single-account service has one secret; RingCentral rejects other accounts' ids.
    const key = settings.secretId ?? accountId;
    const known = accounts.get(key) ?? connectAccount(shared, key, accountId);
    accounts.set(key, known);
    return known;
  }

  return {
    settings,
    clock,
    random,
    authenticator: createAuthenticator({ settings, clock }),
    for({ accountId }) {
      const { ringcentral, uncached, tokens, rateLimiter } = account(accountId);
      const { records } = shared;
      return { ringcentral, uncached, tokens, rateLimiter, endpoints, records, clock, now: clock.now };
    },
    records: shared.records,
    async currentKey(purpose, accountId, deadline) {
      return keyOf(await account(accountId).credentials.current(deadline), purpose);
    },
    async viewpoint(accountId, deadline) {
      const { credentials, tokens } = account(accountId);
      const { server, clientId } = await credentials.current(deadline);
      const { ownerId, scope = "" } = await tokens.get(deadline);
      const permissions = scope.split(" ").sort();
      return createHash("sha256")
        .update(JSON.stringify([server, clientId, ownerId, permissions]))
        .digest("base64url");
    },
    async acceptedKeys(purpose, accountId, deadline) {
      const accepted = await account(accountId).secrets.read(deadline);
      return accepted.map((credentials) => keyOf(credentials, purpose));
    },
  };
}

interface Shared {
  settings: Settings;
  clock: Clock;
  random: () => number;
  /** The table's clock is the one all instances share. */
  tableTime: FleetClock;
  log: Logger;
  metrics: Metrics;
  records: RecordStore;
  transport: Transport;
}

interface Account {
  ringcentral: RingCentral;
  uncached: RingCentral;
  tokens: SharedToken;
  rateLimiter: SharedRateLimiter;
  credentials: CredentialSource;
  secrets: { read(deadline: Deadline): Promise<Credentials[]> };
}

/** The least time between two readings of the secret for a cursor that does not verify. */
const SECRET_REREAD_MS = 15_000;

function connectAccount(shared: Shared, accountKey: string, accountId: string): Account {
  const { settings, clock, random, log, metrics, records, transport } = shared;
  const credentials = createCredentialSource({
    secretId: settings.secretId ?? `${settings.secretPrefix}${accountId}`,
    clock,
  });
  const fleet = { records, clock, random, accountKey, instanceId: randomUUID() };
  const tokens = new SharedToken({
    ...fleet,
    credentials,
    oauth: createOAuth({ transport, clock, log }),
    onEvent: (event) => {
      log.info("access token", { event });
      countTokenEvent(metrics, event);
    },
  });
  const rateLimiter = new SharedRateLimiter({
    ...fleet,
    time: shared.tableTime,
    onEvent: (event) => {
      log.info("rate limiter", { event });
      countRateLimitEvent(metrics, event, clock.now());
    },
  });
  const uncached = createRingCentral({ tokens, rateLimiter, transport, clock, random, metrics });
  const ringcentral = createCachedRingCentral({
    ringcentral: uncached,
    records,
    clock,
    metrics,
    random,
    nonce: randomUUID,
  });
  return {
    ringcentral,
    uncached,
    tokens,
    rateLimiter,
    credentials,
    secrets: rereadSecrets(credentials, clock),
  };
}

/** The secret's versions, read past the cache, but not for every forged cursor. */
function rereadSecrets(credentials: CredentialSource, clock: Clock): Account["secrets"] {
  let reading: { at: number; versions: Promise<Credentials[]> } | undefined;
  return {
    read(deadline) {
      if (reading === undefined || clock.now() - reading.at >= SECRET_REREAD_MS) {
        const versions = credentials.refreshed(deadline);
        reading = { at: clock.now(), versions };
        versions.catch(() => {
          reading = undefined;
        });
      }
      return reading.versions;
    },
  };
}
