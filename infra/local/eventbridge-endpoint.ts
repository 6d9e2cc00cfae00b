import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import * as z from "zod/mini";
import { type Listening, listenOnLoopback } from "./ports.ts";

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

interface PublishedEvent {
  id: string;
  bus: string;
  source: string;
  detailType: string;
  detail: unknown;
}

/** The most events kept: older ones are dropped. */
const MAX_KEPT = 1_000;

/** A bus in memory that can be told to fail. */
class EventBus {
  readonly events: PublishedEvent[] = [];
  #failures = 0;
  #rejections = 0;

  /** The next `calls` calls fail. */
  failNext(calls: number): void {
    this.#failures = calls;
  }

  /** The first entry of each of the next `calls` calls is rejected, as the bus does under load. */
  rejectEntries(calls: number): void {
    this.#rejections = calls;
  }

  perform(target: unknown, input: unknown): { status: number; body: unknown } {
    if (target !== "AWSEvents.PutEvents") return failure("UnknownOperationException");
    if (this.#failures > 0) {
      this.#failures -= 1;
      return failure("InternalException");
    }
    const parsed = PutEvents.safeParse(input);
    return parsed.success
      ? { status: 200, body: this.#put(parsed.data.Entries) }
      : failure("ValidationException");
  }

  #put(entries: z.output<typeof PutEvents>["Entries"]) {
    const rejected = this.#rejections > 0 ? 1 : 0;
    this.#rejections -= rejected;
    const added = entries.slice(rejected).map(({ EventBusName, Source, DetailType, Detail }) => ({
      id: randomUUID(),
      bus: EventBusName ?? "default",
      source: Source,
      detailType: DetailType,
      detail: parseJson(Detail),
    }));
    this.events.push(...added);
    this.events.splice(0, this.events.length - MAX_KEPT);
    const errors = Array(rejected).fill({ ErrorCode: "ThrottlingException", ErrorMessage: "Rate exceeded" });
    return { FailedEntryCount: rejected, Entries: [...errors, ...added.map(({ id }) => ({ EventId: id }))] };
  }
}

const failure = (__type: string) => ({ status: 400, body: { __type } });

/**
 * EventBridge's PutEvents on loopback, in its wire protocol (JSON 1.1). It routes nothing: `GET /` shows what was
 * published last, for people and for tests. It checks no signature.
 */
export interface EventBridgeEndpoint extends Listening {
  bus: Pick<EventBus, "events" | "failNext" | "rejectEntries">;
}

export async function startEventBridgeEndpoint(): Promise<EventBridgeEndpoint> {
  const bus = new EventBus();
  const respond = async (request: IncomingMessage) =>
    request.method === "GET"
      ? { status: 200, body: { data: bus.events } }
      : bus.perform(request.headers["x-amz-target"], parseJson(await text(request)));
  const server = createServer((request, response) => {
    respond(request).then(
      ({ status, body }) => {
        response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
        response.end(JSON.stringify(body));
      },
      () => response.destroy(),
    );
  });
  return { bus, ...(await listenOnLoopback(server)) };
}

function parseJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}
