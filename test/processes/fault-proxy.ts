import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { dealShare } from "./deck.ts";

/** The effect of a proxy on a request. `share` of the requests (default all) are affected. */
export type Fault = { share?: number; only?: (request: ProxiedRequest) => boolean } & (
  | { kind: "refuse" }
  /** The target gets the request, and the client its response, `ms` later. */
  | { kind: "delay"; ms: number | (() => number) }
  /** The connection breaks, before or after the target has processed the request. */
  | { kind: "reset"; processed: boolean }
  /** The proxy responds; the target never sees the request. */
  | { kind: "status"; status: number; body: string; headers?: Record<string, string> }
  /** The connection stays open without a response, before or after the target has processed the request. */
  | { kind: "hang"; processed: boolean }
  /** The target's response ends after half of its body. */
  | { kind: "truncate" }
  /** A gateway that gives up: the client gets `status`, and the target processes the request `afterMs` later. */
  | { kind: "late effect"; status: number; afterMs: number | (() => number) }
);

/** In which each dependency fails in a whole run. */
export const everyKind = ["refuse", "delay", "reset", "status"] as const;

export interface ProxiedRequest {
  method: string;
  path: string;
  body: string;
}

/** An HTTP proxy on loopback in front of one dependency. */
export interface FaultProxy {
  url: string;
  aimAt(targetUrl: string): void;
  /** Replaces the present faults; the first matching one applies. A function draws the fault of each request. */
  set(...faults: (Fault | ((request: ProxiedRequest) => Fault | undefined))[]): void;
  /** Number of requests that each kind of fault has affected. */
  struck: Readonly<Record<Fault["kind"], number>>;
  close(): Promise<void>;
}

export interface FaultProxyOptions {
  /** Uniform in [0, 1). */
  random: () => number;
  /** May be set after the start, for a target that needs the proxy's address. */
  targetUrl?: string;
  /** Called with every request. The function that it returns is called with the status that the client gets, if any. */
  onRequest?: (request: ProxiedRequest) => ((status: number) => void) | undefined;
  /** The body that the target gets. */
  rewrite?: (request: ProxiedRequest) => string;
}

export async function startFaultProxy({
  random,
  targetUrl,
  onRequest,
  rewrite,
}: FaultProxyOptions): Promise<FaultProxy> {
  let target = targetUrl === undefined ? undefined : new URL(targetUrl);
  let faults: ((request: ProxiedRequest) => Fault | undefined)[] = [];
  const struck = { refuse: 0, delay: 0, reset: 0, status: 0, hang: 0, truncate: 0, "late effect": 0 };
  const server = createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const sent = Buffer.concat(chunks);
    const seen = { method: incoming.method ?? "GET", path: incoming.url ?? "/", body: sent.toString("utf8") };
    const body = rewrite === undefined ? sent : Buffer.from(rewrite(seen));
    let fault: Fault | undefined;
    for (const draw of faults) fault ??= draw(seen);
    if (fault !== undefined) struck[fault.kind] += 1;
    const onStatus = onRequest?.(seen);
    switch (fault?.kind) {
      case "refuse":
        incoming.socket.destroy();
        return;
      case "status":
        onStatus?.(fault.status);
        response
          .writeHead(fault.status, { "content-type": "application/json", ...fault.headers })
          .end(fault.body);
        return;
      case "late effect":
        onStatus?.(fault.status);
        response.writeHead(fault.status, { "content-type": "text/html" }).end("<html>Bad Gateway</html>");
        await pause(drawn(fault.afterMs));
        await forward(incoming, body);
        return;
      case "reset": {
        if (fault.processed) await forward(incoming, body);
        incoming.socket.destroy();
        return;
      }
      case "hang":
        if (fault.processed) await forward(incoming, body);
        return;
      case "delay":
        await pause(drawn(fault.ms));
    }
    const result = await forward(incoming, body);
    onStatus?.(result.status);
    response.writeHead(result.status, result.headers);
    if (fault?.kind !== "truncate") response.end(result.body);
    else response.write(result.body.subarray(0, result.body.length / 2), () => incoming.socket.destroy());
  }

  function forward({ method, url, headers }: IncomingMessage, body: Buffer) {
    if (target === undefined) throw new Error("the proxy has no target yet");
    const { promise, resolve, reject } = Promise.withResolvers<{
      status: number;
      headers: IncomingMessage["headers"];
      body: Buffer;
    }>();
    const outgoing = httpRequest(
      {
        host: target.hostname,
        port: target.port,
        method,
        path: url,
        headers: {
          ...headers,
          host: target.host,
          ...(headers["content-length"] !== undefined && { "content-length": body.length }),
        },
      },
      async (result) => {
        try {
          const chunks: Buffer[] = [];
          for await (const chunk of result) chunks.push(chunk);
          const { connection: _, "transfer-encoding": _t, ...kept } = result.headers;
          // Node's server writes the machine's date, and the scenario may have another clock.
          const date = new Date().toUTCString();
          resolve({
            status: result.statusCode ?? 502,
            headers: { ...kept, date },
            body: Buffer.concat(chunks),
          });
        } catch (error) {
          reject(error);
        }
      },
    );
    outgoing.once("error", reject);
    outgoing.end(body);
    return promise;
  }

  return {
    url: `http://127.0.0.1:${port}`,
    aimAt(targetUrl) {
      target = new URL(targetUrl);
    },
    set(...next) {
      faults = next.map((each) => (typeof each === "function" ? each : drawing(each, random)));
    },
    struck,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Draws a fault for its share of the requests. */
function drawing(fault: Fault, random: () => number): (request: ProxiedRequest) => Fault | undefined {
  const isStruck = dealShare(fault.share ?? 1, random);
  return (request) => ((fault.only?.(request) ?? true) && isStruck.next().value ? fault : undefined);
}

const drawn = (ms: number | (() => number)) => (typeof ms === "number" ? ms : ms());
