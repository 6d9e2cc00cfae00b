import { createMessageQueue, type MessageQueue } from "../platform/message-queue.ts";
import { ConfigurationError, type Settings } from "../platform/settings.ts";

let open: { url: string; queue: MessageQueue } | undefined;

/** The sync queue, one client per process. @throws ConfigurationError */
export function syncQueue({ SYNC_QUEUE_URL: url }: Settings): MessageQueue {
  if (url === undefined) throw new ConfigurationError("SYNC_QUEUE_URL", "is not set");
  if (open?.url !== url) open = { url, queue: createMessageQueue(url) };
  return open.queue;
}
