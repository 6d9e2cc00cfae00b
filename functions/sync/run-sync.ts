import { defineJob } from "../../lib/runtime/job-function.ts";
import { runSyncBatch } from "../../lib/runtime/sync-worker.ts";

/** Invoked by SQS, with one message at a time. */
export const handler = defineJob("runSync", runSyncBatch);
