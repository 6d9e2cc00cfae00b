import { once } from "node:events";
import { createServer, type Server } from "node:http";

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

/** Whether a program already listens on that port of loopback. @throws when the port may not be bound at all */
export async function isPortTaken(port: number): Promise<boolean> {
  const server = createServer().listen({ port, host: LOOPBACK, exclusive: true });
  try {
    await once(server, "listening");
    await once(server.close(), "close");
    return false;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return true;
    throw error;
  }
}

/** A free port, for a server that cannot choose one itself. */
export async function findFreePort(): Promise<number> {
  const { url, close } = await listenOnLoopback(createServer());
  await close();
  return Number(new URL(url).port);
}
