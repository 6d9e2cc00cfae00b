import { PurgeQueueCommand } from "@aws-sdk/client-sqs";
import type { SQSEvent, SQSRecord } from "aws-lambda";
import * as z from "zod/mini";
import { startEventBridgeEndpoint } from "../../infra/local/eventbridge-endpoint.ts";
import { startSqsEmulator } from "../../infra/local/sqs-emulator.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { SEED } from "../twin/twin.ts";

const Held = z.array(z.object({ body: z.string() }));
const Inspected = z.object({ messages: z.object({ ready: Held, delayed: Held }) });

export type SyncServices = Awaited<ReturnType<typeof startSyncServices>>;

/**
 * The sync's own dependencies, in this process: its queue and an event bus. The environment is set so that the real
 * handlers find them. Start it after the service, stop it before.
 */
export async function startSyncServices() {
  const sqs = await startSqsEmulator("ringfront-test-sync");
  const events = await startEventBridgeEndpoint();
  const variables = {
    AWS_ENDPOINT_URL_SQS: sqs.url,
    AWS_ENDPOINT_URL_EVENTBRIDGE: events.url,
    SYNC_QUEUE_URL: sqs.queue.url,
    SYNC_ACCOUNTS: SEED.accountId,
    EVENT_BUS_NAME: "ringfront-test",
  };
  Object.assign(process.env, variables);
  resetRuntime();

  /** The queue's messages, due now or later; nothing is removed. */
  async function waitingIn(name: string): Promise<object[]> {
    const response = await fetch(`${sqs.url}/_fauxqs/queues/${name}`);
    const { messages } = Inspected.parse(await response.json());
    return [...messages.ready, ...messages.delayed].map(({ body }) => JSON.parse(body));
  }
  const isReading = (message: object) => "kind" in message && message.kind === "directory";

  return {
    sqs,
    events,
    /** Those about numbers. */
    waiting: async () => (await waitingIn("ringfront-test-sync")).filter((message) => !isReading(message)),
    /** Those about the directory. */
    waitingReadings: async () => (await waitingIn("ringfront-test-sync")).filter(isReading),
    /** Takes all messages off the queue, delayed or not. @returns those about numbers */
    async takeAll(): Promise<unknown[]> {
      const taken = await this.waiting();
      await sqs.client.send(new PurgeQueueCommand({ QueueUrl: sqs.queue.url }));
      return taken;
    },
    async stop() {
      for (const name of Object.keys(variables)) delete process.env[name];
      resetRuntime();
      await Promise.all([sqs.close(), events.close()]);
    },
  };
}

/** An event with one message, as Lambda builds it. */
export function sqsEvent(...messages: unknown[]): SQSEvent {
  return {
    Records: messages.map((message, index) =>
      sqsRecord({
        messageId: `message-${index + 1}`,
        body: typeof message === "string" ? message : JSON.stringify(message),
      }),
    ),
  };
}

function sqsRecord(fields: Partial<SQSRecord> & Pick<SQSRecord, "body">): SQSRecord {
  return {
    messageId: "message-1",
    receiptHandle: "receipt-1",
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: "1767225600000",
      SenderId: "AIDAEXAMPLE",
      ApproximateFirstReceiveTimestamp: "1767225600000",
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: "arn:aws:sqs:us-east-1:000000000000:ringfront-test-sync",
    awsRegion: "us-east-1",
    ...fields,
  };
}
