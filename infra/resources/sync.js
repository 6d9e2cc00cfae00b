// @ts-check
import { readFileSync } from "node:fs";
import { stackName, text } from "./service-functions.js";

/**
 * Of the local queue too. A message is hidden for twice as long as a run may take, and then delivered again: its run
 * was killed. After so many deliveries it is set aside.
 * @type {{ visibilitySeconds: number, maxReceives: number }}
 */
const { visibilitySeconds, maxReceives } = JSON.parse(
  readFileSync(new URL("./sync-queue.json", import.meta.url), "utf8"),
);
const DAY_SECONDS = 86_400;

/**
 * What the number sync runs on besides functions: its queue, the queue of what failed, and the bus that changes
 * are published on.
 * @param {import("./service-functions.js").Variables} variables
 */
export async function sync(variables) {
  const stack = await stackName(variables);
  const queueArn = `arn:\${AWS::Partition}:sqs:\${AWS::Region}:\${AWS::AccountId}:${stack}-sync`;
  return {
    Resources: {
      SyncQueue: queue(`${stack}-sync`, DAY_SECONDS, {
        VisibilityTimeout: visibilitySeconds,
        RedrivePolicy: {
          deadLetterTargetArn: { "Fn::GetAtt": ["SyncDeadLetterQueue", "Arn"] },
          maxReceiveCount: maxReceives,
        },
      }),
      // As long as SQS can keep it: redriving a message late does no harm.
      SyncDeadLetterQueue: queue(`${stack}-sync-dead`, 14 * DAY_SECONDS, {
        RedriveAllowPolicy: {
          redrivePermission: "byQueue",
          sourceQueueArns: [{ "Fn::Sub": queueArn }],
        },
      }),
      EventBus: {
        Type: "AWS::Events::EventBus",
        Properties: {
          Name: stack,
          Description:
            "Changes of phone numbers, each at least once; the account's sequence tells repetitions",
        },
      },
    },
  };
}

/**
 * Where RingCentral delivers notifications: the API's address, which is the domain's when it has one of its own, or
 * what the parameter `webhookUrl` says (`none`: nowhere).
 * @param {import("./service-functions.js").Variables} variables
 */
export async function webhookUrl(variables) {
  const given = await text(variables, "webhookUrl");
  if (given !== "") return given === "none" ? "" : given;
  const domainName = await text(variables, "domainName");
  const path = "/v1/webhooks/ringcentral";
  if (domainName !== "") return `https://${domainName}${path}`;
  return { "Fn::Sub": `https://\${HttpApi}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}${path}` };
}

/** @param {string} name @param {number} retentionSeconds @param {object} more */
function queue(name, retentionSeconds, more) {
  return {
    Type: "AWS::SQS::Queue",
    Properties: {
      QueueName: name,
      KmsMasterKeyId: { "Fn::GetAtt": ["DataKey", "Arn"] },
      MessageRetentionPeriod: retentionSeconds,
      ...more,
    },
  };
}
