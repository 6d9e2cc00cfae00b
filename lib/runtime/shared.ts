import { createBlockedNumberEndpoints } from "../numbers/blocked-number-endpoint.ts";
import { type Clock, systemClock } from "../platform/clock.ts";
import { deadlineIn } from "../platform/deadline.ts";
import { createLogger } from "../platform/logger.ts";
import { processMetrics } from "../platform/metrics.ts";
import { createPseudonymSource } from "../platform/pseudonyms.ts";
import { createSealingKeys } from "../platform/sealing-keys.ts";
import { createCredentialSource, type LoadReader } from "../platform/secrets.ts";
import type { Settings } from "../platform/settings.ts";
import { createOAuth } from "../ringcentral/auth/oauth.ts";
import { createTransport, type Transport } from "../ringcentral/http/transport.ts";
import { createTableClock } from "../ringcentral/rate-limit/clock-bounds.ts";
import { DynamoRecordStore } from "../storage/dynamo-record-store.ts";
import type { RecordStore } from "../storage/record-store.ts";

/** Time, randomness and the dependencies, which tests replace. */
export interface RuntimeSources {
  clock?: Clock;
  random?: () => number;
  records?: RecordStore & { ready(): Promise<void> };
  transport?: Transport;
  loadSecretReader?: LoadReader;
  /** A document of a tokens' issuer. */
  readJson?: (url: URL) => Promise<unknown>;
}

/** A request has read the secret before it needs the key. */
const KEY_WAIT_MS = 2_000;

export type Shared = ReturnType<typeof createShared>;
/** What those who pay for calls share, over any store of records. */
export type SharedByPayers = Omit<Shared, "records" | "pseudonyms" | "readJson"> & { records: RecordStore };

/** The parts that all accounts share. */
export function createShared(
  settings: Settings,
  { clock = systemClock, random = Math.random, ...sources }: RuntimeSources,
) {
  // The table's clock is the one all instances share.
  const tableTime = createTableClock(clock);
  const records =
    sources.records ?? new DynamoRecordStore({ tableName: settings.TABLE_NAME, onDate: tableTime.learn });
  const log = createLogger({ component: "runtime" });
  const { transport = createTransport(), loadSecretReader, readJson } = sources;
  const pseudonyms = createPseudonymSource(settings.PSEUDONYM_SECRET_ID, clock, loadSecretReader);
  return {
    settings,
    clock,
    random,
    tableTime,
    records,
    endpoints: createBlockedNumberEndpoints(records, clock),
    log,
    metrics: processMetrics,
    transport,
    pseudonyms,
    sealingKeyFor: (purpose: string) => async () =>
      (await pseudonyms.current(deadlineIn(KEY_WAIT_MS, clock, 0))).sealingKey(purpose),
    credentialsOf: (secretId: string) => createCredentialSource(secretId, clock, loadSecretReader),
    oauth: createOAuth({ transport, clock, log }),
    sealingKeys: createSealingKeys(settings.SESSION_SECRET_ID ?? "", clock, loadSecretReader),
    readJson,
  };
}
