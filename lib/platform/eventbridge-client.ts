// The only module that loads the EventBridge client, at the first event.
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";

/** @public Reached through the dynamic import of this module. */
export { PutEventsCommand };

const ATTEMPT_TIMEOUT_MS = 3_000;
/** Including the first. */
const MAX_ATTEMPTS = 3;

/** Region, credentials and endpoint come from the standard AWS variables (`AWS_ENDPOINT_URL_EVENTBRIDGE` too). */
export function createEventBridgeClient(): EventBridgeClient {
  return new EventBridgeClient({
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: {
      connectionTimeout: ATTEMPT_TIMEOUT_MS,
      requestTimeout: ATTEMPT_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
}
