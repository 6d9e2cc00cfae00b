import { defineJob } from "../../lib/runtime/job-function.ts";
import { runSyncJob } from "../../lib/runtime/run-sync.ts";

/** Invoked by SQS, with one message at a time. */
export const handler = defineJob("runSync", runSyncJob);
