import type { SQSBatchResponse } from "aws-lambda";
import { startQueuePoller } from "./queue-poller.ts";
import type { SqsEmulator } from "./sqs-emulator.ts";

/**
 * Calls functions as AWS does in the background: the queue's poller, and each schedule once at the start. (The emulator
 * runs the schedules at their times, and 15 minutes is long to wait for a first sync.)
 * @param functionsUrl the functions in the emulator's Lambda API, up to the key
 * @param scheduled the functions' keys
 * @returns a function that stops it
 */
export function startBackgroundWork(
  functionsUrl: string,
  { client, queue }: SqsEmulator,
  scheduled: readonly string[],
): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const onError = (error: unknown) => {
    if (!signal.aborted) console.error(`background work: ${error instanceof Error ? error.message : error}`);
  };
  const invoke = async (key: string, event: object) => {
    const body = JSON.stringify(event);
    const response = await fetch(`${functionsUrl}${key}/invocations`, { method: "POST", body, signal });
    const text = await response.text();
    const result = text === "" ? undefined : JSON.parse(text);
    const failure = result?.errorMessage;
    if (!response.ok || failure !== undefined) throw new Error(`${key}: ${failure ?? text}`);
    return result;
  };
  const runSync = (event: object): Promise<SQSBatchResponse> => invoke("runSync", event);
  const stopPoller = startQueuePoller({ client, queue, invoke: runSync, onError });
  for (const key of scheduled) invoke(key, {}).catch(onError);
  return () => {
    stopping.abort();
    return stopPoller();
  };
}
