import { arnOf, ownArn, sub } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

/** The local queue's too. A message is hidden for twice as long as a run may take; after that its run was killed. */
export const syncQueue = { visibilitySeconds: 120, maxReceives: 5 };
const DAY_SECONDS = 86_400;

/** The number sync's queue, the queue of its failed messages, and the bus that changes are published on. */
export function sync({ name }: Stack) {
  return {
    Resources: {
      SyncQueue: queue(`${name}-sync`, DAY_SECONDS, {
        VisibilityTimeout: syncQueue.visibilitySeconds,
        RedrivePolicy: {
          deadLetterTargetArn: arnOf("SyncDeadLetterQueue"),
          maxReceiveCount: syncQueue.maxReceives,
        },
      }),
      // As long as SQS can keep it: redriving a message late does no harm.
      SyncDeadLetterQueue: queue(`${name}-sync-dead`, 14 * DAY_SECONDS, {
        RedriveAllowPolicy: {
          redrivePermission: "byQueue",
          sourceQueueArns: [sub(ownArn("sqs", `${name}-sync`))],
        },
      }),
      EventBus: {
        Type: "AWS::Events::EventBus",
        Properties: {
          Name: name,
          Description:
            "Changes of phone numbers, each at least once; the account's sequence tells repetitions",
        },
      },
    },
  };
}

/** Where RingCentral delivers notifications: the parameter `webhookUrl` (`none`: nowhere), else the API's address. */
export function webhookUrl({ text }: Stack) {
  const given = text("webhookUrl");
  if (given !== "") return given === "none" ? "" : given;
  const path = "/v1/webhooks/ringcentral";
  if (text("domainName") !== "") return `https://${text("domainName")}${path}`;
  return sub(`https://\${HttpApi}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}${path}`);
}

function queue(name: string, retentionSeconds: number, more: object) {
  return {
    Type: "AWS::SQS::Queue",
    Properties: {
      QueueName: name,
      KmsMasterKeyId: arnOf("DataKey"),
      MessageRetentionPeriod: retentionSeconds,
      ...more,
    },
  };
}
