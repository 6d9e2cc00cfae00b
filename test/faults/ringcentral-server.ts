import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listenOnLoopback } from "../../infra/local/ports.ts";
import { heldRequests } from "../support/machine-work.ts";
import type { VirtualTime } from "../support/virtual-time.ts";
import type { Ending } from "../twin/edge/fault-effects.ts";
import { type ReceivedRequest, receive } from "../twin/edge/received-request.ts";

/** What the wire does with one call of RingCentral. */
export type Mishap =
  /** The caller gets this; RingCentral processes the call only with `processed`. */
  | { kind: "response"; status: number; headers?: Record<string, string>; body?: string; processed?: true }
  /** The response is RingCentral's, with these headers and this body. */
  | { kind: "altered"; headers?: Record<string, string>; body?: (body: string) => string | Buffer }
  /** The connection breaks before the call is processed, or in the middle of the response. */
  | { kind: "reset"; when: "before" | "within the body" }
  /** The head and half of the body come at once, and no more. */
  | { kind: "half, then silence" }
  /** The connection is dead: nothing arrives. */
  | { kind: "silence" };

/** Of RingCentral's own, for each call. */
const LATENCY_MS = 50;

interface Served {
  serve(request: ReceivedRequest): Promise<Ending>;
  /** Draws the mishap of a call, if it has one. @param openedAt when its connection had its first call */
  strike(request: ReceivedRequest, openedAt: number): Mishap | undefined;
}

export type RingCentralServer = Awaited<ReturnType<typeof startRingCentralServer>>;

/** RingCentral's HTTP server, with a wire that fails as told. What it serves can be exchanged. */
export async function startRingCentralServer(time: VirtualTime) {
  let served: Served | undefined;
  const openedAt = new WeakMap<object, number>();

  /** Holds the request for that long, or until its client gives up. */
  async function hold(message: IncomingMessage, response: ServerResponse, ms?: number): Promise<void> {
    const held = {};
    heldRequests.add(held);
    const end = () => void heldRequests.delete(held);
    message.socket.once("close", end);
    response.once("close", end);
    if (ms === undefined) return;
    await time.sleep(ms);
    end();
    message.socket.off("close", end);
    response.off("close", end);
  }

  async function handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const opened = openedAt.get(message.socket) ?? time.now();
    openedAt.set(message.socket, opened);
    const request = await receive(message);
    await hold(message, response, LATENCY_MS);
    if (served === undefined) throw new Error("nothing is served");
    const mishap = served.strike(request, opened);
    if (mishap?.kind === "silence") return hold(message, response);
    if (mishap?.kind === "reset" && mishap.when === "before") return void message.socket.resetAndDestroy();
    if (mishap?.kind === "response") {
      if (mishap.processed) await served.serve(request);
      send(response, mishap);
      return;
    }
    const ending = await served.serve(request);
    if (!("response" in ending)) throw new Error(`the twin ends with ${ending.kind}`);
    const { status, headers, body = "" } = ending.response;
    if (mishap === undefined) return send(response, { status, headers, body });
    if (mishap.kind === "altered") {
      send(response, {
        status,
        headers: { ...headers, ...mishap.headers },
        body: mishap.body?.(body) ?? body,
      });
      return;
    }
    const bytes = Buffer.from(body.padEnd(2));
    response.writeHead(status === 204 ? 200 : status, { ...headers, "content-length": String(bytes.length) });
    const isCut = mishap.kind === "reset";
    response.write(bytes.subarray(0, bytes.length / 2), () => {
      if (isCut) message.socket.resetAndDestroy();
    });
    if (!isCut) await hold(message, response);
  }

  const server = createServer((message, response) => {
    handle(message, response).catch((error: unknown) => {
      process.stderr.write(`RingCentral's server: ${error instanceof Error ? error.stack : error}\n`);
      message.socket.destroy();
    });
  });
  // Connections stay open as long as their client keeps them.
  server.keepAliveTimeout = 0;
  const { url, close } = await listenOnLoopback(server);
  return {
    url,
    close,
    serve(next: Served): void {
      served = next;
    },
    /** No connection of an earlier process is left. */
    forgetConnections: () => server.closeAllConnections(),
  };
}

function send(
  response: ServerResponse,
  {
    status,
    headers = {},
    body = "",
  }: { status: number; headers?: Record<string, string>; body?: string | Buffer },
): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    ...headers,
    ...(status !== 204 && { "content-length": String(bytes.length) }),
  });
  response.end(bytes);
}
