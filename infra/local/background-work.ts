import type { SQSBatchResponse } from "aws-lambda";
import type { LambdaApi } from "./lambda-api.ts";
import { startQueuePoller } from "./queue-poller.ts";
import type { SqsEmulator } from "./sqs-emulator.ts";

/**
 * Calls functions as AWS does in the background: the queue's poller, and each schedule once at the start. (The emulator
 * runs the schedules at their times, and 15 minutes is long to wait for a first sync.)
 * @param scheduled the functions' keys
 * @returns a function that stops it
 */
export function startBackgroundWork(
  lambda: LambdaApi,
  { client, queue }: SqsEmulator,
  scheduled: readonly string[],
): () => Promise<void> {
  const stopping = new AbortController();
  const onError = (error: unknown) => {
    if (stopping.signal.aborted) return;
    console.error(`background work: ${error instanceof Error ? error.message : error}`);
  };
  const invoke = (event: object) => lambda.invoke<SQSBatchResponse>("runSync", event, stopping.signal);
  const poller = startQueuePoller({ client, queue, invoke, onError });
  for (const name of scheduled) lambda.invoke(name, {}, stopping.signal).catch(onError);
  return () => {
    stopping.abort();
    return poller.stop();
  };
}
