import { once } from "node:events";
import type { Server } from "node:http";
import { createServer } from "node:net";

export const LOOPBACK = "127.0.0.1";

/** A server that listens on a free port of loopback. */
export interface Listening {
  url: string;
  close(): Promise<void>;
}

/** The time for requests in progress once the server is told to close. */
const DRAIN_MS = 1_000;

export async function listenOnLoopback(server: Server): Promise<Listening> {
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server has no address");
  return {
    url: `http://${LOOPBACK}:${address.port}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      // A request in progress ends first: dynalite throws an uncatchable error when one is cut off.
      const drain = setInterval(() => server.closeIdleConnections(), 10);
      const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
      await closed;
      clearInterval(drain);
      clearTimeout(cut);
    },
  };
}

/** Binds a port of loopback for a moment; 0 is any free one. @returns the port, or `undefined` when it is taken */
async function probe(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen({ port, host: LOOPBACK, exclusive: true });
    await once(server, "listening");
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : undefined;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return undefined;
    throw error;
  } finally {
    if (server.listening) {
      server.close();
      await once(server, "close");
    }
  }
}

/** Whether a program already listens on that port of loopback. @throws when the port may not be bound at all */
export async function isPortTaken(port: number): Promise<boolean> {
  return (await probe(port)) === undefined;
}

/** A free port, for a server that cannot choose one itself. */
export async function findFreePort(): Promise<number> {
  const port = await probe(0);
  if (port === undefined) throw new Error("no free port on loopback");
  return port;
}
