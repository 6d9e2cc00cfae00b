import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { buildApp } from "fauxqs";
import { syncQueue } from "../resources/sync.ts";
import { LOOPBACK } from "./ports.ts";
import { localAws } from "./stage.ts";

export interface SqsEmulator {
  /** The endpoint; `queue.url` is below it. */
  url: string;
  queue: { url: string; arn: string };
  client: SQSClient;
  close(): Promise<void>;
}

/** Starts an SQS endpoint in this process, in memory, with the two queues that infra/resources/sync.ts deploys. */
export async function startSqsEmulator(name: string): Promise<SqsEmulator> {
  // The package's own start listens on every interface.
  const app = buildApp({ logger: false });
  const url = await app.listen({ host: LOOPBACK, port: 0 });
  const client = new SQSClient({ endpoint: url, ...localAws });
  const makeQueue = async (QueueName: string, Attributes: Record<string, string> = {}) => {
    const { QueueUrl = "" } = await client.send(new CreateQueueCommand({ QueueName, Attributes }));
    return { url: QueueUrl, arn: `arn:aws:sqs:${localAws.region}:000000000000:${QueueName}` };
  };
  const { arn: deadLetterTargetArn } = await makeQueue(`${name}-dead`);
  const queue = await makeQueue(name, {
    VisibilityTimeout: String(syncQueue.visibilitySeconds),
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: syncQueue.maxReceives }),
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
