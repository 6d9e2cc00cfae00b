import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Ending } from "./fault-effects.ts";
import { type ReceivedRequest, receive } from "./received-request.ts";

/** A listening server. */
export interface TwinServer {
  url: string;
  /** Breaks every connection, idle or not, and frees the port. */
  close(): Promise<void>;
}

/**
 * Listens on a port and hands every request, read to its end, to `serve`.
 * @param port 0 for a free one
 */
export async function listen(
  host: string,
  port: number,
  serve: (request: ReceivedRequest) => Promise<Ending>,
): Promise<TwinServer> {
  const server = createServer((message, response) => {
    // A client that disconnects while it sends or waits is not an error of the twin.
    response.on("error", () => {});
    receive(message)
      .then(serve)
      .then(
        (ending) => finish(response, ending),
        (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
      );
  });
  // Longer than clients keep idle sockets; otherwise they may write to a socket that is being closed.
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  server.listen(port, host);
  await once(server, "listening");
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function finish(response: ServerResponse, ending: Ending): void {
  if (response.destroyed || ending.kind === "hang") return;
  if (ending.kind === "reset") {
    response.socket?.resetAndDestroy();
    return;
  }
  const { status, headers, body } = ending.response;
  const bytes = Buffer.from(body ?? "");
  const length = status === 204 ? {} : { "Content-Length": String(bytes.length) };
  response.writeHead(status, { ...headers, ...length });
  if (ending.kind === "response") {
    response.end(bytes);
    return;
  }
  response.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => response.socket?.destroy());
}
