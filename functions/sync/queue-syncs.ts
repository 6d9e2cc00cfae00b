import { readSettings } from "../../lib/platform/settings.ts";
import { defineJob } from "../../lib/runtime/job-function.ts";
import { syncQueue } from "../../lib/runtime/sync-queue.ts";
import { queueSyncs } from "../../lib/sync/queue/queue-syncs.ts";

/** Invoked by EventBridge Scheduler; the event holds nothing of use. */
export const handler = defineJob("queueSyncs", (_event: unknown, { clock, log }) => {
  const settings = readSettings(process.env);
  return queueSyncs({ queue: syncQueue(settings), clock, log }, settings.syncAccounts);
});
