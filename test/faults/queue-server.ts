import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { listenOnLoopback } from "../../infra/local/ports.ts";

export type QueueServer = Awaited<ReturnType<typeof startQueueServer>>;

/** As much of SQS as sending takes: `AmazonSQS.SendMessage` in its JSON protocol [AWS]. */
export async function startQueueServer() {
  const messages: unknown[] = [];
  /** Whether it rejects messages. */
  const state = { isAway: false };
  const server = createServer(async (request, response) => {
    if (state.isAway) {
      request.resume();
      response.writeHead(503).end();
      return;
    }
    const sent: unknown = JSON.parse(await text(request));
    const body =
      typeof sent === "object" && sent !== null && "MessageBody" in sent ? String(sent.MessageBody) : "";
    messages.push(JSON.parse(body));
    const MD5OfMessageBody = createHash("md5").update(body).digest("hex");
    response.writeHead(200, { "content-type": "application/x-amz-json-1.0" });
    response.end(JSON.stringify({ MessageId: String(messages.length), MD5OfMessageBody }));
  });
  server.keepAliveTimeout = 0;
  const { url } = await listenOnLoopback(server);
  return { url, messages, state };
}
