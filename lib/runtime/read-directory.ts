import { randomUUID } from "node:crypto";
import { syncDirectory } from "../people/directory/sync.ts";
import { SecretUnavailableError } from "../platform/credentials.ts";
import { RingCentralError } from "../ringcentral/api/errors.ts";
import type { SyncMessage } from "../sync/queue/handle-message.ts";
import type { JobInvocation } from "./job-function.ts";
import { runtime } from "./runtime.ts";
import { syncQueue } from "./sync-queue.ts";

/** A failed reading is tried again before the schedule's next one. */
const RETRY_SECONDS = 60;
const MAX_RETRIES = 3;

/**
 * Handles one message of the sync queue: brings the copy of an account's directory up to date. A failure of RingCentral
 * is no failure of the message: the schedule sends the next one soon, and the age of the copy is watched.
 * @throws StorageUnavailable: the queue delivers the message again
 */
export async function readDirectoryJob(
  message: SyncMessage,
  { deadline, requestId, log }: JobInvocation,
): Promise<void> {
  const { accountId, requestedAt, postponed, trigger } = message;
  const services = runtime();
  const { records, clock, settings, currentKey, acceptedKeys } = services;
  const { uncached: ringcentral } = services.for({ accountId });
  const deps = { records, ringcentral, keys: { currentKey, acceptedKeys }, clock, nonce: randomUUID };
  let retryAfterMs: number | undefined;
  try {
    const outcome = await syncDirectory(deps, { accountId, deadline, requestId, log, requestedAt });
    log.info("directory read", { accountId, trigger, ...outcome });
    if (outcome.state === "unreadable") retryAfterMs = 0;
  } catch (error) {
    if (!(error instanceof RingCentralError || error instanceof SecretUnavailableError)) throw error;
    log.warn("directory not read", { accountId, trigger, error });
    retryAfterMs = error instanceof RingCentralError ? (error.failure.retryAfterMs ?? 0) : 0;
  }
  if (retryAfterMs === undefined || postponed >= MAX_RETRIES) return;
  const delaySeconds = Math.min(900, Math.max(RETRY_SECONDS, Math.ceil(retryAfterMs / 1000)));
  await syncQueue(settings).send({ ...message, postponed: postponed + 1 }, delaySeconds);
}
