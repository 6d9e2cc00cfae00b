import { errorName } from "./aws-client.ts";

export interface BusEvent {
  /** Such as `PhoneNumberChanged`. */
  type: string;
  /** The subject, such as an account; rules can match it. */
  resource: string;
  /** Epoch milliseconds. */
  at: number;
  detail: object;
}

export type EventBus = ReturnType<typeof createEventBus>;

export class EventBusUnavailable extends Error {
  override name = "EventBusUnavailable";
}

const SOURCE = "ringfront";
/** [AWS] PutEvents takes at most 10 entries and 256 KB; our entries are a few hundred bytes. */
const MAX_ENTRIES = 10;
/** Limit of one batch, retries included. */
const BATCH_TIMEOUT_MS = 10_000;

export function createEventBus(busName: string) {
  let sender: Promise<ReturnType<typeof import("./eventbridge-client.ts").createSender>> | undefined;

  async function putBatch(events: readonly BusEvent[]): Promise<void> {
    sender ??= import("./eventbridge-client.ts").then(({ createSender }) => createSender());
    const send = await sender;
    const Entries = events.map(({ type, resource, at, detail }) => ({
      EventBusName: busName,
      Source: SOURCE,
      DetailType: type,
      Resources: [resource],
      Time: new Date(at),
      Detail: JSON.stringify(detail),
    }));
    const response = await send({ Entries }, BATCH_TIMEOUT_MS).catch((error: unknown) => {
      throw new EventBusUnavailable(errorName(error), { cause: error });
    });
    // PutEvents responds 200 even when the bus has rejected some or all entries.
    if ((response.FailedEntryCount ?? 0) > 0) {
      const codes = new Set(response.Entries?.map(({ ErrorCode }) => ErrorCode).filter(Boolean));
      throw new EventBusUnavailable([...codes].join(", ") || "entries rejected");
    }
  }

  return {
    /**
     * Puts the events on the bus, in order. May be repeated: subscribers drop events they have seen.
     * @throws EventBusUnavailable when the bus did not accept one of them; it may have accepted earlier ones
     */
    async publish(events: readonly BusEvent[]): Promise<void> {
      for (let at = 0; at < events.length; at += MAX_ENTRIES)
        await putBatch(events.slice(at, at + MAX_ENTRIES));
    },
  };
}
