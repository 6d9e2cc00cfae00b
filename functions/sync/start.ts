import { defineJob } from "../../lib/define-job.ts";
import { readSettings } from "../../lib/platform/settings.ts";
import { queueScheduledSyncs } from "../../lib/sync/queue-scheduled.ts";
import { syncQueue } from "../../lib/sync-queue.ts";

/** Invoked by EventBridge Scheduler; the event says nothing that matters. */
export const handler = defineJob("queueSyncs", (_event: unknown, { clock, log }) => {
  const settings = readSettings(process.env);
  return queueScheduledSyncs({ queue: syncQueue(settings), clock, log }, settings.syncAccounts);
});
