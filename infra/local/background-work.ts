import type { SQSBatchResponse } from "aws-lambda";
import type { LambdaApi } from "./lambda-api.ts";
import { startQueuePoller } from "./queue-poller.ts";
import type { SqsEmulator } from "./sqs-emulator.ts";

export interface BackgroundWork {
  stop(): Promise<void>;
}

/**
 * Calls functions as AWS does in the background: the queue's poller, and each schedule once at the start. (The emulator
 * runs the schedules at their times; 15 minutes are long to wait for a first sync.)
 * @param scheduled the functions' keys
 */
export function startBackgroundWork(
  lambda: LambdaApi,
  sqs: SqsEmulator,
  scheduled: readonly string[],
): BackgroundWork {
  const stopping = new AbortController();
  const onError = (error: unknown) => {
    if (!stopping.signal.aborted) {
      console.error(`background work: ${error instanceof Error ? error.message : error}`);
    }
  };
  const poller = startQueuePoller({
    client: sqs.client,
    queue: sqs.queue,
    invoke: (event) => lambda.invoke<SQSBatchResponse>("runSync", event, stopping.signal),
    onError,
  });
  for (const name of scheduled) lambda.invoke(name, {}, stopping.signal).catch(onError);
  return {
    async stop() {
      stopping.abort();
      await poller.stop();
    },
  };
}
