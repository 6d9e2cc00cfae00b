// The only module that loads the SQS client, at the first message: functions that send none do not load it.
import { SendMessageCommand, type SendMessageCommandInput, SQSClient } from "@aws-sdk/client-sqs";
import { clientOptions } from "./aws-client.ts";

const ATTEMPT_TIMEOUT_MS = 2_000;
const MAX_ATTEMPTS = 3;

/** Region, credentials and endpoint come from the standard AWS variables (`AWS_ENDPOINT_URL_SQS` too). */
export function createSender() {
  const client = new SQSClient({
    ...clientOptions(MAX_ATTEMPTS, ATTEMPT_TIMEOUT_MS),
    // The queue's URL names the real service; an endpoint from the environment takes precedence.
    useQueueUrlAsEndpoint: false,
  });
  return (message: SendMessageCommandInput, timeoutMs: number) =>
    client.send(new SendMessageCommand(message), { abortSignal: AbortSignal.timeout(timeoutMs) });
}
