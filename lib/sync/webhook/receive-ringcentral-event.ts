import { createHash, timingSafeEqual } from "node:crypto";
import * as z from "zod/mini";
import { ProblemError } from "../../contract/problems.ts";
import type { Logger } from "../../platform/logger.ts";
import { type MessageQueue, QueueUnavailable } from "../../platform/message-queue.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import type { SyncMessage } from "../queue/handle-message.ts";

export interface ReceivedEvent {
  /** `Validation-Token`: the handshake's token; one page of the guide puts ours there [unsure]. */
  validationToken?: string | undefined;
  verificationToken?: string | undefined;
  /** The raw body; "" for a handshake. */
  text: string;
}

export interface ReceiveDeps {
  records: RecordStore;
  queue: MessageQueue;
  now: () => number;
  log: Logger;
  /** Whether the account's events are accepted. */
  isSynced(accountId: string): Promise<boolean>;
  /** Tokens that a delivery for the account may carry, the current one first; read one by one. */
  verificationTokens(accountId: string): AsyncIterable<string>;
  /** An extension may have been moved to the new call handling. */
  mayHaveMoved(accountId: string, extensionId: string): Promise<void>;
}

interface Receipt {
  outcome: "validated" | "sync_queued" | "ignored";
  /** The handshake's token, for the response. */
  echo?: string;
}

/** [unsure] Tokens of the handshake are UUIDs in the guide's samples; anything printable is echoed. */
const ECHOABLE = /^[\x21-\x7e]{1,256}$/;
const EXTENSION_EVENT = /^\/restapi\/v1\.0\/account\/([0-9]{1,20})\/extension(?:\/[0-9]{1,20})?(?:\?.*)?$/;
const DIRECTORY_EVENT = /^\/restapi\/v1\.0\/account\/([0-9]{1,20})\/directory\/entries(?:\?.*)?$/;
/** RingCentral repeats a delivery without a response, for less than this time. */
const REMEMBERED_MS = 24 * 60 * 60 * 1000;
/** A process that has not queued its sync by then has died. */
const QUEUEING_MS = 10_000;

type Kind = NonNullable<SyncMessage["kind"]> | "numbers";
/**
 * Changes come in bursts: what they start waits for the last of them, and starts at most once in the spacing. A sync of
 * numbers costs Heavy calls; a reading of the directory is one Medium call, and may end a disabled user's access.
 */
const pacing: Readonly<Record<Kind, { record: string; debounceMs: number; spacingMs: number }>> = {
  numbers: { record: "hint", debounceMs: 30_000, spacingMs: 5 * 60_000 },
  directory: { record: "directory-hint", debounceMs: 5_000, spacingMs: 30_000 },
};

const Body = z.object({
  extensionId: z.catch(z.optional(z.string().check(z.regex(/^[0-9]{1,20}$/))), undefined),
  eventType: z.optional(z.string()),
  hints: z.optional(z.nullable(z.array(z.string()))),
});
const Notification = z.object({
  uuid: z.string().check(z.regex(/^[A-Za-z0-9-]{1,64}$/)),
  event: z.string().check(z.maxLength(512)),
  body: z.optional(Body),
});

/**
 * Receives one webhook request from RingCentral: the handshake of a new subscription, or a change notification. A
 * notification is a hint, not data: it only queues a sync, once for each `uuid`.
 * @throws ProblemError `webhook_token_invalid`, `request_invalid`, `queue_unavailable`; StorageUnavailable
 */
export async function receiveRingCentralEvent(deps: ReceiveDeps, received: ReceivedEvent): Promise<Receipt> {
  const { validationToken, verificationToken = validationToken, text } = received;
  if (text.trim() === "" && validationToken !== undefined) {
    if (!ECHOABLE.test(validationToken)) throw new ProblemError("request_invalid");
    return { outcome: "validated", echo: validationToken };
  }
  const { event, uuid, body } = parseNotification(text);
  const directoryOf = DIRECTORY_EVENT.exec(event)?.[1];
  const accountId = directoryOf ?? EXTENSION_EVENT.exec(event)?.[1];
  // Without an account there is no secret to check. The same problem as for a wrong token hides which accounts exist.
  const isKnown = accountId !== undefined && (await deps.isSynced(accountId));
  if (!isKnown || !(await isVerified(deps, accountId, verificationToken))) {
    throw new ProblemError("webhook_token_invalid");
  }
  if (directoryOf !== undefined) return queueOnce(deps, accountId, uuid, "directory");
  const extensionId = body?.extensionId;
  if (extensionId !== undefined && concerns("Features", body))
    await deps.mayHaveMoved(accountId, extensionId);
  return concerns("CompanyNumbers", body)
    ? queueOnce(deps, accountId, uuid, "numbers")
    : { outcome: "ignored" };
}

function parseNotification(text: string): z.output<typeof Notification> {
  try {
    return Notification.parse(JSON.parse(text));
  } catch {
    throw new ProblemError("request_invalid", {
      detail: "This is not a notification as RingCentral describes it.",
    });
  }
}

async function isVerified(deps: ReceiveDeps, accountId: string, shown?: string): Promise<boolean> {
  if (shown === undefined) return false;
  for await (const accepted of deps.verificationTokens(accountId)) if (isEqual(shown, accepted)) return true;
  return false;
}

/** Constant time: all digests have the same length. */
function isEqual(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/** Events of one extension name what changed; events of all extensions only say that something did. */
function concerns(hint: string, { hints, eventType }: z.output<typeof Body> = {}): boolean {
  return !hints?.length || hints.includes(hint) || eventType === "Delete";
}

async function queueOnce(deps: ReceiveDeps, accountId: string, uuid: string, kind: Kind): Promise<Receipt> {
  const key = { partition: `webhook#${accountId}`, sort: uuid };
  if ((await deps.records.read<unknown>(key)) !== undefined) return { outcome: "ignored" };
  const isQueued = await debounceSync(deps, accountId, kind).catch((error: unknown) => {
    if (!(error instanceof QueueUnavailable)) throw error;
    throw new ProblemError("queue_unavailable", { cause: error });
  });
  // Recorded last: a delivery that queued nothing has to come again. A duplicate sync is harmless.
  await deps.records.compareAndSet(key, null, {}, { expiresAt: deps.now() + REMEMBERED_MS });
  return { outcome: isQueued ? "sync_queued" : "ignored" };
}

/** The sync that notifications queued. Epoch milliseconds. */
interface EarlySync {
  /** Its earliest start. */
  dueAt: number;
  /** Absent: its message is in the queue. */
  queuedBy?: number;
}

/**
 * Queues an early sync, once for all change notifications that arrive before it begins.
 * @returns whether this notification queued it
 * @throws StorageUnavailable, QueueUnavailable: nothing is queued, and the notification has to be delivered again
 */
export async function debounceSync(
  deps: ReceiveDeps,
  accountId: string,
  kind: Kind = "numbers",
): Promise<boolean> {
  const { records, queue, now, log } = deps;
  const { record, debounceMs, spacingMs } = pacing[kind];
  const key = { partition: `sync#${accountId}`, sort: record };
  const stored = await records.read<EarlySync>(key);
  const { dueAt: lastDueAt = 0, queuedBy = Number.POSITIVE_INFINITY } = stored?.value ?? {};
  const isLost = queuedBy <= now();
  if (lastDueAt > now() && !isLost) return false;
  const dueAt = Math.max(now() + debounceMs, lastDueAt + (isLost ? 0 : spacingMs));
  const queueing: EarlySync = { dueAt, queuedBy: now() + QUEUEING_MS };
  const version = await records.compareAndSet(key, stored?.version ?? null, queueing);
  // Another notification was first; its sync covers this one too.
  if (version === undefined) return false;
  // Later notifications rely on this sync too, so only a full scan that begins after `dueAt` completes it.
  const kindOf = kind === "directory" ? { kind } : {};
  const message: SyncMessage = { accountId, ...kindOf, trigger: "hint", requestedAt: dueAt, postponed: 0 };
  try {
    await queue.send(message, (dueAt - now()) / 1000);
  } catch (error) {
    await records.remove(key, version).catch(() => log.warn("debounce record not removed", { accountId }));
    throw error;
  }
  // Without this write a later notification queues the sync again, which is harmless.
  const written = records.compareAndSet<EarlySync>(key, version, { dueAt });
  await written.catch(() => log.warn("debounce record not completed", { accountId }));
  return true;
}
