import { defineJob } from "../../lib/define-job.ts";
import { runSyncBatch } from "../../lib/sync-worker.ts";

/** Invoked by SQS, with one message at a time. */
export const handler = defineJob("runSync", runSyncBatch);
