// The only module that loads the SQS client, at the first message: functions that send none do not load it.
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

/** @public Reached through the dynamic import of this module. */
export { SendMessageCommand };

const ATTEMPT_TIMEOUT_MS = 2_000;
/** Including the first. */
const MAX_ATTEMPTS = 3;

/** Region, credentials and endpoint come from the standard AWS variables (`AWS_ENDPOINT_URL_SQS` too). */
export function createSqsClient(): SQSClient {
  return new SQSClient({
    maxAttempts: MAX_ATTEMPTS,
    // The queue's URL names the real service; an endpoint from the environment takes precedence.
    useQueueUrlAsEndpoint: false,
    requestHandler: {
      connectionTimeout: ATTEMPT_TIMEOUT_MS,
      requestTimeout: ATTEMPT_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
}
