import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

/** A received request with its complete body. */
export interface ReceivedRequest {
  /** As sent: before any override of the method. */
  method: string;
  /** Not decoded, without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Reads a request to its end. */
export async function receive(message: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  const [path = "/", ...query] = (message.url ?? "/").split("?");
  return {
    method: message.method ?? "GET",
    path,
    query: new URLSearchParams(query.join("?")),
    headers: message.headers,
    body: Buffer.concat(chunks).toString("utf8"),
  };
}

/** @returns one header as a string, even if Node gives several */
export function headerOf(request: ReceivedRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
