import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { buildApp } from "fauxqs";
import { syncQueue } from "../resources/sync.ts";
import { LOOPBACK } from "./ports.ts";
import { localAws } from "./stage.ts";

export interface LocalQueue {
  url: string;
  arn: string;
}

export interface SqsEmulator {
  /** The endpoint; `queue.url` is below it. */
  url: string;
  queue: LocalQueue;
  client: SQSClient;
  close(): Promise<void>;
}

/** Starts an SQS endpoint in this process, in memory, with the two queues that infra/resources/sync.ts deploys. */
export async function startSqsEmulator(name: string): Promise<SqsEmulator> {
  // The package's own start listens on every interface.
  const app = buildApp({ logger: false });
  const url = await app.listen({ host: LOOPBACK, port: 0 });
  const client = new SQSClient({ endpoint: url, ...localAws });
  const deadLetterQueue = await makeQueue(client, `${name}-dead`, {});
  const queue = await makeQueue(client, name, {
    VisibilityTimeout: String(syncQueue.visibilitySeconds),
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: deadLetterQueue.arn,
      maxReceiveCount: syncQueue.maxReceives,
    }),
  });
  return {
    url,
    queue,
    client,
    async close() {
      client.destroy();
      await app.close();
    },
  };
}

async function makeQueue(
  client: SQSClient,
  QueueName: string,
  Attributes: Record<string, string>,
): Promise<LocalQueue> {
  const { QueueUrl: url = "" } = await client.send(new CreateQueueCommand({ QueueName, Attributes }));
  const asked = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["QueueArn"] });
  const { Attributes: { QueueArn: arn = "" } = {} } = await client.send(asked);
  return { url, arn };
}
