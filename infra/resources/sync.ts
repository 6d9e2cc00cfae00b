import { actsFor, allow, arnOf, ownArn, queue, queuePolicy, resource, sub } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

/**
 * Also used for the local queue. A message is hidden for six times as long as a run may take, because Lambda may hold it
 * that long while it is throttled. [AWS: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html]
 */
export const syncQueue = { visibilitySeconds: 360, maxReceives: 5 };

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
      SyncQueuePolicy: queuePolicy("SyncQueue"),
      SyncDeadLetterQueuePolicy: queuePolicy("SyncDeadLetterQueue"),
      EventBus: resource("AWS::Events::EventBus", {
        Name: name,
        KmsKeyIdentifier: arnOf("DataKey"),
        // Events that the bus cannot encrypt or decrypt.
        DeadLetterConfig: { Arn: arnOf("BusDeadLetterQueue") },
        Description: "Changes of phone numbers, each at least once; the account's sequence tells repetitions",
      }),
      BusDeadLetterQueue: queue(`${name}-bus-dead`, 14),
      BusDeadLetterQueuePolicy: queuePolicy("BusDeadLetterQueue", {
        Sid: "KeepFailedEvents",
        Principal: { Service: "events.amazonaws.com" },
        ...allow(["sqs:SendMessage"], arnOf("BusDeadLetterQueue"), actsFor(busArn(name))),
      }),
    },
  };
}

export const busArn = (name: string) => ownArn("events", `event-bus/${name}`);

/** The address for RingCentral's notifications: the parameter `webhookUrl` (`none`: no address), else the API's. */
export function webhookUrl({ text }: Stack) {
  const given = text("webhookUrl");
  if (given !== "") return given === "none" ? "" : given;
  const path = "/v1/webhooks/ringcentral";
  if (text("domainName") !== "") return `https://${text("domainName")}${path}`;
  return sub(`https://\${HttpApi}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}${path}`);
}
