import { defineJob } from "../../lib/runtime/job-function.ts";
import { renewSubscriptions } from "../../lib/runtime/renew-subscriptions.ts";

/** Invoked by EventBridge Scheduler. */
export const handler = defineJob("renewSubscriptions", renewSubscriptions);
