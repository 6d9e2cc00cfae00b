import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  type EventBridgeEndpoint,
  startEventBridgeEndpoint,
} from "../../../infra/local/eventbridge-endpoint.ts";
import { createEventBus, EventBusUnavailable } from "../../../lib/platform/event-bus.ts";

let endpoint: EventBridgeEndpoint;
const before = { ...process.env };
beforeAll(() => {
  Object.assign(process.env, {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  });
});
afterAll(async () => {
  await endpoint.close();
  process.env = before;
});
beforeEach(async () => {
  await endpoint?.close();
  endpoint = await startEventBridgeEndpoint();
  process.env.AWS_ENDPOINT_URL_EVENTBRIDGE = endpoint.url;
});

const event = (sequence: number) => ({
  type: "PhoneNumberChanged",
  resource: "ringcentral:account/3700111",
  at: Date.parse("2026-01-01T00:00:00Z"),
  detail: { sequence },
});

test("any number of events arrive in order, on their bus", async () => {
  const bus = createEventBus("numbers");
  await bus.publish(Array.from({ length: 23 }, (_, index) => event(index + 1)));
  expect(endpoint.bus.events.map(({ detail }) => detail)).toEqual(
    Array.from({ length: 23 }, (_, index) => ({ sequence: index + 1 })),
  );
  expect(endpoint.bus.events[0]).toMatchObject({
    bus: "numbers",
    source: "ringfront",
    detailType: "PhoneNumberChanged",
  });
});

test("a bus that accepts nothing is reported as unavailable, and nothing counts as published", async () => {
  const bus = createEventBus("numbers");
  endpoint.bus.failNext(10);
  await expect(bus.publish([event(1)])).rejects.toBeInstanceOf(EventBusUnavailable);
});

test("single entries that the bus rejects are a failure too, although the call itself succeeds", async () => {
  const bus = createEventBus("numbers");
  endpoint.bus.rejectEntries(1);
  await expect(bus.publish([event(1), event(2)])).rejects.toThrow("ThrottlingException");
});
