import { once } from "node:events";
import { createServer } from "node:net";

export const LOOPBACK = "127.0.0.1";

/** Takes a port of loopback for a moment: 0 asks for any free one. Returns the port, or `undefined` when it is taken. */
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

/** Whether something on this machine already listens on that port of loopback. @throws when it may not be bound at all */
export async function isPortTaken(port: number): Promise<boolean> {
  return (await probe(port)) === undefined;
}

/** A port nothing listens on at the moment, for a server that cannot be asked to choose one itself. */
export async function findFreePort(): Promise<number> {
  const port = await probe(0);
  if (port === undefined) throw new Error("no free port on loopback");
  return port;
}
