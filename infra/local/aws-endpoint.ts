import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { type Listening, listenOnLoopback } from "./ports.ts";

/** An error in the AWS SDK's format. */
export class AwsError extends Error {
  readonly type: string;

  constructor(type: string, message = type) {
    super(message);
    this.type = type;
  }
}

/**
 * Starts an AWS service on loopback, with the wire protocol JSON 1.1 (operation in `X-Amz-Target`). It checks no
 * signature, and takes an input to have the form that the AWS SDK gives it.
 * @param perform runs one operation; it throws AwsError for a call that it rejects
 * @param show makes the response to a GET
 */
export function startAwsEndpoint<Input>(
  perform: (operation: string, input: Input) => unknown,
  show = (): unknown => undefined,
): Promise<Listening> {
  const server = createServer(async (request, response) => {
    const respond = (status: number, body: unknown) => {
      const headers = { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": randomUUID() };
      response.writeHead(status, headers).end(JSON.stringify(body));
    };
    try {
      const body = await text(request);
      if (request.method === "GET") respond(200, show());
      else respond(200, perform(String(request.headers["x-amz-target"]), parseJson(body)));
    } catch (error) {
      if (!(error instanceof AwsError)) response.destroy();
      else respond(400, { __type: error.type, Message: error.message, message: error.message });
    }
  });
  return listenOnLoopback(server);
}

export function parseJson(source: string) {
  try {
    return JSON.parse(source);
  } catch {
    throw new AwsError("SerializationException", "The request body is not JSON.");
  }
}
