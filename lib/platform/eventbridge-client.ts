// The only module that loads the EventBridge client, at the first event.
import { EventBridgeClient, PutEventsCommand, type PutEventsCommandInput } from "@aws-sdk/client-eventbridge";
import { clientOptions } from "./aws-client.ts";

const ATTEMPT_TIMEOUT_MS = 3_000;
const MAX_ATTEMPTS = 3;

/** Region, credentials and endpoint come from the standard AWS variables (`AWS_ENDPOINT_URL_EVENTBRIDGE` too). */
export function createSender() {
  const client = new EventBridgeClient(clientOptions(MAX_ATTEMPTS, ATTEMPT_TIMEOUT_MS));
  return (events: PutEventsCommandInput, timeoutMs: number) =>
    client.send(new PutEventsCommand(events), { abortSignal: AbortSignal.timeout(timeoutMs) });
}
