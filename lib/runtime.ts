import { hkdfSync, randomUUID } from "node:crypto";
import { type Authenticator, createAuthenticator } from "./http/authenticate.ts";
import { type BlockedNumberFamilies, createBlockedNumberFamilies } from "./numbers/blocked-number-family.ts";
import { type Clock, systemClock } from "./platform/clock.ts";
import type { CredentialSource } from "./platform/credentials.ts";
import type { Deadline } from "./platform/deadline.ts";
import { createLogger, type Logger } from "./platform/logger.ts";
import { createCredentialSource } from "./platform/secrets.ts";
import { readSettings, type Settings } from "./platform/settings.ts";
import { VERSION } from "./platform/version.ts";
import { createRingCentral } from "./ringcentral/client.ts";
import { createOAuth } from "./ringcentral/oauth.ts";
import type { RingCentral } from "./ringcentral/operation.ts";
import { createProcessGovernor } from "./ringcentral/process-governor.ts";
import { createFleetTokenSource } from "./ringcentral/token-store/fleet-token-source.ts";
import { createTransport, type Transport, userAgent } from "./ringcentral/transport.ts";
import { createDynamoRecordStore } from "./storage/dynamo-record-store.ts";
import type { RecordStore } from "./storage/record-store.ts";

/** What the use cases of one RingCentral account need. */
export interface AccountRuntime {
  ringcentral: RingCentral;
  families: BlockedNumberFamilies;
  now: () => number;
}

/**
 * The composition root: everything that outlives one invocation, made once per process and only when a request
 * first needs it. Handlers and tests are the only ones to call it.
 */
export interface Runtime {
  settings: Settings;
  clock: Clock;
  /** The account's client, token, governor and findings. */
  for(request: { accountId: string }): AccountRuntime;
  authenticator: Authenticator;
  /** Keys that seal cursors of that account: the first seals, all open. @throws ConfigurationError */
  cursorKeys(accountId: string, deadline: Deadline): Promise<Uint8Array[]>;
}

let instance: Runtime | undefined;

/** The process's runtime. @throws ConfigurationError naming the setting that is missing or malformed */
export function runtime(): Runtime {
  instance ??= createRuntime(readSettings(process.env));
  return instance;
}

/** Forgets all process state: the next `runtime()` is that of a cold start. For tests. */
export function resetRuntime(): void {
  instance = undefined;
}

function createRuntime(settings: Settings): Runtime {
  const clock = systemClock;
  const log = createLogger({ component: "runtime" });
  const records = createDynamoRecordStore({ tableName: settings.tableName });
  const transport = createTransport({ userAgent: userAgent(VERSION) });
  const families = createBlockedNumberFamilies({ records, clock });
  const shared = { settings, clock, log, records, transport };
  const accounts = new Map<string, { ringcentral: RingCentral; credentials: CredentialSource }>();

  function account(accountId: string) {
    // One secret for a single-account service: RingCentral itself refuses other accounts' ids.
    const key = settings.secretId ?? accountId;
    const known = accounts.get(key) ?? connectAccount(shared, key, accountId);
    accounts.set(key, known);
    return known;
  }

  return {
    settings,
    clock,
    authenticator: createAuthenticator({ settings, clock }),
    for: ({ accountId }) => ({ ringcentral: account(accountId).ringcentral, families, now: clock.now }),
    async cursorKeys(accountId, deadline) {
      const { clientSecret } = await account(accountId).credentials.current(deadline);
      return [cursorKey(clientSecret)];
    },
  };
}

interface Shared {
  settings: Settings;
  clock: Clock;
  log: Logger;
  records: RecordStore;
  transport: Transport;
}

function connectAccount(shared: Shared, accountKey: string, accountId: string) {
  const { settings, clock, log, records, transport } = shared;
  const random = Math.random;
  const credentials = createCredentialSource({
    secretId: settings.secretId ?? `${settings.secretPrefix}${accountId}`,
    clock,
  });
  const tokens = createFleetTokenSource({
    records,
    credentials,
    oauth: createOAuth({ transport, clock, log }),
    clock,
    random,
    accountKey,
    instanceId: randomUUID(),
    onEvent: (event) => log.info("token store", { event }),
  });
  const governor = createProcessGovernor({ clock });
  const ringcentral = createRingCentral({ tokens, governor, transport, clock, random });
  return { ringcentral, credentials };
}

/** Cursors are sealed with a key of their own, so that they tell nothing about the secret it comes from. */
function cursorKey(clientSecret: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", clientSecret, "ringfront", "cursor v1", 32));
}
