import { setTimeout as pause } from "node:timers/promises";
import {
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import type { LocalQueue } from "./sqs-emulator.ts";

export interface QueuePollerOptions {
  client: SQSClient;
  queue: LocalQueue;
  /** Runs the function. Rejecting is a function that failed as a whole. */
  invoke(event: SQSEvent): Promise<SQSBatchResponse>;
  onError(error: unknown): void;
}

export interface QueuePoller {
  /** Resolves when nothing is being polled or worked on any more. */
  stop(): Promise<void>;
}

/** [AWS] What Lambda's own pollers use. */
const WAIT_SECONDS = 20;
const AFTER_FAILURE_MS = 1_000;

/**
 * Lambda's event source mapping, as serverless.yml sets it up: one message an invocation, deleted unless the
 * function names it as failed or fails itself; then it comes again when its visibility timeout is over.
 */
export function startQueuePoller(options: QueuePollerOptions): QueuePoller {
  const stopping = new AbortController();
  const done = poll(options, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

async function poll(options: QueuePollerOptions, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    try {
      await pollOnce(options, stopped);
    } catch (error) {
      if (stopped.aborted) return;
      options.onError(error);
      await pause(AFTER_FAILURE_MS, undefined, { signal: stopped }).catch(() => undefined);
    }
  }
}

async function pollOnce({ client, queue, invoke }: QueuePollerOptions, stopped: AbortSignal): Promise<void> {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: queue.url,
      MaxNumberOfMessages: 1,
      WaitTimeSeconds: WAIT_SECONDS,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
    }),
    { abortSignal: stopped },
  );
  const [message] = Messages;
  if (message === undefined) return;
  const { batchItemFailures } = await invoke({ Records: [toRecord(message, queue)] });
  if (batchItemFailures.length > 0) return;
  await client.send(new DeleteMessageCommand({ QueueUrl: queue.url, ReceiptHandle: message.ReceiptHandle }));
}

function toRecord(message: Message, { arn }: LocalQueue): SQSEvent["Records"][number] {
  const { MessageId = "", ReceiptHandle = "", Body = "", MD5OfBody = "", Attributes = {} } = message;
  const { ApproximateReceiveCount = "1", SentTimestamp = "0", SenderId = "local" } = Attributes;
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: {
      ApproximateReceiveCount,
      SentTimestamp,
      SenderId,
      ApproximateFirstReceiveTimestamp: Attributes.ApproximateFirstReceiveTimestamp ?? SentTimestamp,
    },
    messageAttributes: {},
    md5OfBody: MD5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN: arn,
    awsRegion: "us-east-1",
  };
}
