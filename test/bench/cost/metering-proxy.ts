import { createServer, type IncomingMessage } from "node:http";
import * as z from "zod/mini";
import { listenOnLoopback } from "../../../infra/local/ports.ts";

/** One request of the table, with the units that DynamoDB counts for it. */
export interface TableCall {
  isRead: boolean;
  units: number;
}

const Consumed = z.object({ ConsumedCapacity: z.optional(z.object({ CapacityUnits: z.number() })) });

/** Forwards requests to the emulator of DynamoDB, and asks it for the units of each. */
export async function startMeteringProxy(endpoint: string) {
  const calls: TableCall[] = [];
  const server = createServer((incoming, response) => {
    void forward(endpoint, incoming, calls)
      .then(({ status, headers, body }) => response.writeHead(status, headers).end(body))
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  const { url, close } = await listenOnLoopback(server);
  return { url, calls, close };
}

async function forward(endpoint: string, incoming: IncomingMessage, calls: TableCall[]) {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString("utf8");
  const request = { ...JSON.parse(text || "{}"), ReturnConsumedCapacity: "TOTAL" };
  const named = ["x-amz-target", "authorization", "x-amz-date", "content-type"];
  const headers = named.map((name) => [name, String(incoming.headers[name] ?? "")]);
  const received = await fetch(endpoint, {
    method: "POST",
    headers: Object.fromEntries(headers),
    body: JSON.stringify(request),
  });
  const body = await received.text();
  const isRead = /\.(GetItem|Query|DescribeTable)$/.test(String(incoming.headers["x-amz-target"]));
  // A write whose condition fails states no units: it costs at least one.
  const units = Consumed.safeParse(JSON.parse(body)).data?.ConsumedCapacity?.CapacityUnits ?? 1;
  calls.push({ isRead, units });
  const answered = Object.fromEntries(
    [...received.headers].filter(([name]) => /^(content-type|x-amz|date)/.test(name)),
  );
  return { status: received.status, headers: answered, body };
}
