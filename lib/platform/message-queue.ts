import { errorName } from "./aws-client.ts";

/** A queue that delivers each message at least once. */
export interface MessageQueue {
  /**
   * @param delaySeconds the time until it can be received; at most 900 [AWS], longer delays are cut to that
   * @throws QueueUnavailable
   */
  send(body: object, delaySeconds?: number): Promise<void>;
}

/** The queue did not confirm the message; it may have accepted it. */
export class QueueUnavailable extends Error {
  override name = "QueueUnavailable";
}

const MAX_DELAY_SECONDS = 900;
/** Limit of one message, retries included. */
const SEND_TIMEOUT_MS = 7_000;

export function createMessageQueue(queueUrl: string): MessageQueue {
  let sender: Promise<ReturnType<typeof import("./sqs-client.ts").createSender>> | undefined;
  return {
    async send(body, delaySeconds = 0) {
      sender ??= import("./sqs-client.ts").then(({ createSender }) => createSender());
      const message = {
        QueueUrl: queueUrl,
        MessageBody: JSON.stringify(body),
        DelaySeconds: Math.min(MAX_DELAY_SECONDS, Math.max(0, Math.ceil(delaySeconds))),
      };
      const send = await sender;
      await send(message, SEND_TIMEOUT_MS).catch((error: unknown) => {
        throw new QueueUnavailable(errorName(error), { cause: error });
      });
    },
  };
}
