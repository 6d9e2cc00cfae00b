import { errorName } from "./aws-client.ts";

export type MessageQueue = ReturnType<typeof createMessageQueue>;

/** The queue did not confirm the message; it may have accepted it. */
export class QueueUnavailable extends Error {
  override name = "QueueUnavailable";
}

const MAX_DELAY_SECONDS = 900;
/** Limit of one message, retries included. */
const SEND_TIMEOUT_MS = 7_000;

/** A queue that delivers each message at least once. */
export function createMessageQueue(queueUrl: string) {
  let sender: Promise<ReturnType<typeof import("./sqs-client.ts").createSender>> | undefined;
  return {
    /**
     * @param delaySeconds the time until it can be received; at most 900 [AWS], longer delays are cut to that
     * @throws QueueUnavailable
     */
    async send(body: object, delaySeconds = 0): Promise<void> {
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
