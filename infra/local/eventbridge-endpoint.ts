import { randomUUID } from "node:crypto";
import type { PutEventsRequest } from "@aws-sdk/client-eventbridge";
import { AwsError, parseJson, startAwsEndpoint } from "./aws-endpoint.ts";
import type { Listening } from "./ports.ts";

/** The most events kept: older ones are dropped. */
const MAX_KEPT = 1_000;

/** A bus in memory that can be told to fail. */
class EventBus {
  readonly events: Record<"id" | "bus" | "source" | "detailType" | "detail", unknown>[] = [];
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

  perform(operation: string, { Entries: entries = [] }: PutEventsRequest) {
    if (operation !== "AWSEvents.PutEvents") throw new AwsError("UnknownOperationException");
    if (this.#failures > 0) {
      this.#failures -= 1;
      throw new AwsError("InternalException");
    }
    // [AWS] PutEvents takes ten at most.
    if (entries.length < 1 || entries.length > 10) throw new AwsError("ValidationException");
    const Entries = entries.map((entry, index) => {
      if (index === 0 && this.#rejections > 0) {
        this.#rejections -= 1;
        return { ErrorCode: "ThrottlingException", ErrorMessage: "Rate exceeded" };
      }
      const { EventBusName: bus, Source: source, DetailType: detailType, Detail = "" } = entry;
      const id = randomUUID();
      this.events.push({ id, bus, source, detailType, detail: parseJson(Detail) });
      return { EventId: id };
    });
    this.events.splice(0, this.events.length - MAX_KEPT);
    return { FailedEntryCount: Entries.filter(({ ErrorCode }) => ErrorCode).length, Entries };
  }
}

/** EventBridge's PutEvents. It routes nothing: `GET /` shows the last published events, for people and for tests. */
export interface EventBridgeEndpoint extends Listening {
  bus: EventBus;
}

export async function startEventBridgeEndpoint(): Promise<EventBridgeEndpoint> {
  const bus = new EventBus();
  const perform = (operation: string, input: PutEventsRequest) => bus.perform(operation, input);
  return { bus, ...(await startAwsEndpoint(perform, () => ({ data: bus.events }))) };
}
