import { setTimeout as pause } from "node:timers/promises";
import {
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import type { SqsEmulator } from "./sqs-emulator.ts";
import { localAws } from "./stage.ts";

interface QueuePollerOptions {
  client: SQSClient;
  queue: SqsEmulator["queue"];
  /** Runs the function. It rejects when the function fails as a whole. */
  invoke(event: SQSEvent): Promise<SQSBatchResponse>;
  onError(error: unknown): void;
}

/** [AWS] The value of Lambda's own pollers. */
const WAIT_SECONDS = 20;
const AFTER_FAILURE_MS = 1_000;

/**
 * Lambda's event source mapping, as infra/resources/functions.ts configures it: one message per invocation. The message
 * is deleted unless the function reports it as failed or fails itself; then it returns after its visibility timeout.
 * @returns a function that stops it, and resolves when no message is being polled or handled
 */
export function startQueuePoller(options: QueuePollerOptions): () => Promise<void> {
  const stopping = new AbortController();
  const done = poll(options, stopping.signal);
  return () => {
    stopping.abort();
    return done;
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

function toRecord(message: Message, { arn }: SqsEmulator["queue"]): SQSEvent["Records"][number] {
  const { MessageId = "", ReceiptHandle = "", Body = "", MD5OfBody = "", Attributes = {} } = message;
  const { ApproximateReceiveCount = "1", SentTimestamp = "0", SenderId = "local" } = Attributes;
  const { ApproximateFirstReceiveTimestamp = SentTimestamp } = Attributes;
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: { ApproximateReceiveCount, SentTimestamp, SenderId, ApproximateFirstReceiveTimestamp },
    messageAttributes: {},
    md5OfBody: MD5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN: arn,
    awsRegion: localAws.region,
  };
}
