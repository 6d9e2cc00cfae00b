import { arnOf, ownArn, queue, resource, sub } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

/**
 * Also used for the local queue. A message is hidden for twice as long as a run may take; after that its run was
 * killed.
 */
export const syncQueue = { visibilitySeconds: 120, maxReceives: 5 };

/** The number sync's queue, the queue of its failed messages, and the bus that changes are published on. */
export function sync({ name }: Stack) {
  return {
    Resources: {
      SyncQueue: queue(`${name}-sync`, 1, {
        VisibilityTimeout: syncQueue.visibilitySeconds,
        RedrivePolicy: {
          deadLetterTargetArn: arnOf("SyncDeadLetterQueue"),
          maxReceiveCount: syncQueue.maxReceives,
        },
      }),
      // The longest time that SQS keeps a message: redriving it late does no harm.
      SyncDeadLetterQueue: queue(`${name}-sync-dead`, 14, {
        RedriveAllowPolicy: {
          redrivePermission: "byQueue",
          sourceQueueArns: [sub(ownArn("sqs", `${name}-sync`))],
        },
      }),
      EventBus: resource("AWS::Events::EventBus", {
        Name: name,
        Description: "Changes of phone numbers, each at least once; the account's sequence tells repetitions",
      }),
    },
  };
}

/** The address for RingCentral's notifications: the parameter `webhookUrl` (`none`: no address), else the API's. */
export function webhookUrl({ text }: Stack) {
  const given = text("webhookUrl");
  if (given !== "") return given === "none" ? "" : given;
  const path = "/v1/webhooks/ringcentral";
  if (text("domainName") !== "") return `https://${text("domainName")}${path}`;
  return sub(`https://\${HttpApi}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}${path}`);
}
