import { defineJob } from "../../lib/define-job.ts";
import { renewSubscriptions } from "../../lib/renew-subscriptions.ts";

/** Invoked by EventBridge Scheduler. */
export const handler = defineJob("renewSubscription", renewSubscriptions);
