import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import * as z from "zod/mini";
import { LOOPBACK } from "./ports.ts";

const PutEvents = z.object({
  Entries: z
    .array(
      z.looseObject({
        EventBusName: z.optional(z.string()),
        Source: z.string(),
        DetailType: z.string(),
        Detail: z.string(),
      }),
    )
    // [AWS] PutEvents takes ten at most.
    .check(z.minLength(1), z.maxLength(10)),
});

export interface PublishedEvent {
  id: string;
  bus: string;
  source: string;
  detailType: string;
  detail: unknown;
}

/**
 * EventBridge's PutEvents on loopback, in its wire protocol (JSON 1.1). It routes nothing: `GET /` shows what was
 * published last, for looking and for tests. It checks no signature.
 */
export interface EventBridgeEndpoint {
  url: string;
  readonly events: readonly PublishedEvent[];
  /** The next so many calls fail. */
  failNext(calls: number): void;
  /** Of the next so many calls the first entry is refused, as the bus does under load. */
  refuseEntries(calls: number): void;
  close(): Promise<void>;
}

/** Older ones are forgotten. */
const MAX_KEPT = 1_000;

export async function startEventBridgeEndpoint(): Promise<EventBridgeEndpoint> {
  const events: PublishedEvent[] = [];
  let failures = 0;
  let refusals = 0;

  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    if (request.method === "GET") return { status: 200, body: { data: events } };
    if (request.headers["x-amz-target"] !== "AWSEvents.PutEvents") {
      return { status: 400, body: { __type: "UnknownOperationException" } };
    }
    const text = await readText(request);
    if (failures > 0) {
      failures -= 1;
      return { status: 400, body: { __type: "InternalException", message: "told to fail" } };
    }
    const parsed = PutEvents.safeParse(parseJson(text));
    if (!parsed.success) return { status: 400, body: { __type: "ValidationException" } };
    const refused = refusals > 0;
    if (refused) refusals -= 1;
    const added = parsed.data.Entries.slice(refused ? 1 : 0).map(
      ({ EventBusName, Source, DetailType, Detail }) => ({
        id: randomUUID(),
        bus: EventBusName ?? "default",
        source: Source,
        detailType: DetailType,
        detail: parseJson(Detail),
      }),
    );
    events.push(...added);
    events.splice(0, events.length - MAX_KEPT);
    return {
      status: 200,
      body: {
        FailedEntryCount: refused ? 1 : 0,
        Entries: [
          ...(refused ? [{ ErrorCode: "ThrottlingException", ErrorMessage: "Rate exceeded" }] : []),
          ...added.map(({ id }) => ({ EventId: id })),
        ],
      },
    };
  }

  const server = createServer((request, response) => {
    answer(request).then(
      ({ status, body }) => {
        response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
        response.end(JSON.stringify(body));
      },
      () => response.destroy(),
    );
  });
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the endpoint has no address");
  return {
    url: `http://${LOOPBACK}:${address.port}`,
    events,
    failNext(calls) {
      failures = calls;
    },
    refuseEntries(calls) {
      refusals = calls;
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
