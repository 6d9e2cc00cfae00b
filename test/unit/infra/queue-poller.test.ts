import { SendMessageCommand } from "@aws-sdk/client-sqs";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startQueuePoller } from "../../../infra/local/queue-poller.ts";
import { type SqsEmulator, startSqsEmulator } from "../../../infra/local/sqs-emulator.ts";

let sqs: SqsEmulator;
let stop: (() => Promise<void>) | undefined;
beforeEach(async () => {
  sqs = await startSqsEmulator("poller-test");
});
afterEach(async () => {
  await stop?.();
  await sqs.close();
});

const send = (body: string) =>
  sqs.client.send(new SendMessageCommand({ QueueUrl: sqs.queue.url, MessageBody: body }));

/** Polls with functions that respond in turn, and waits until the last is invoked. */
async function pollWith(responders: ((event: SQSEvent) => SQSBatchResponse)[]): Promise<SQSEvent[]> {
  const events: SQSEvent[] = [];
  await new Promise<void>((resolve, reject) => {
    stop = startQueuePoller({
      client: sqs.client,
      queue: sqs.queue,
      invoke: async (event) => {
        const respond = responders[events.length];
        events.push(event);
        if (events.length === responders.length) resolve();
        if (respond === undefined) throw new Error("invoked too often");
        return respond(event);
      },
      onError: reject,
    });
  });
  await stop?.();
  return events;
}

async function held() {
  const response = await fetch(`${sqs.url}/_fauxqs/queues/poller-test`);
  const { messages } = JSON.parse(await response.text());
  return { ready: messages.ready.length, inFlight: messages.inflight.length };
}

const done = () => ({ batchItemFailures: [] });
const failed = ({ Records }: SQSEvent) => ({
  batchItemFailures: Records.map(({ messageId }) => ({ itemIdentifier: messageId })),
});

test("each message is one event, in Lambda's form, and is deleted once it is handled", async () => {
  await send("one");
  await send("two");
  const events = await pollWith([done, done]);
  expect(events.map(({ Records }) => Records.map(({ body }) => body))).toEqual([["one"], ["two"]]);
  expect(events[0]?.Records[0]).toMatchObject({
    eventSource: "aws:sqs",
    eventSourceARN: sqs.queue.arn,
    attributes: { ApproximateReceiveCount: "1" },
  });
  expect(await held()).toEqual({ ready: 0, inFlight: 0 });
});

test("a message that the function reports as failed stays, hidden until its visibility timeout ends", async () => {
  await send("one");
  await pollWith([failed]);
  expect(await held()).toEqual({ ready: 0, inFlight: 1 });
});

test("stopping does not wait for a message", async () => {
  stop = startQueuePoller({
    client: sqs.client,
    queue: sqs.queue,
    invoke: async () => done(),
    onError: () => {},
  });
  await stop();
  // A poll without a message takes 20 s.
}, 15_000);
