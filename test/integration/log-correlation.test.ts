import { afterEach, beforeEach, expect, it, vi } from "vitest";
import * as z from "zod/mini";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import { listForwardingNumbersRoute } from "../../lib/contract/forwarding-numbers.ts";
import { invoke } from "../support/api-gateway.ts";
import { type Service, startService } from "../support/service.ts";

const Line = z.looseObject({ message: z.string() });

let service: Service;
let output: string[];
beforeEach(async () => {
  service = await startService();
  output = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    output.push(String(text));
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await service.stop();
});

/** The service's log lines; the metrics between them have no message. */
const lines = () =>
  output
    .join("")
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => Line.safeParse(JSON.parse(line)))
    .flatMap(({ success, data }) => (success && data ? [data] : []));

it("one id connects API Gateway's log, the caller's id and RingCentral's request id", async () => {
  const { status } = await invoke(listForwardingNumbers, listForwardingNumbersRoute, {
    token: service.tokens.user,
    headers: { "x-request-id": "from-the-app" },
  });
  expect(status).toBe(200);
  const ofRequest = lines().filter(({ requestId }) => requestId === "from-the-app");
  expect(new Set(ofRequest.map(({ gatewayRequestId }) => gatewayRequestId))).toEqual(
    new Set(["gateway-request-1"]),
  );
  const call = ofRequest.find(({ message }) => message === "ringcentral call");
  expect(call).toMatchObject({ status: 200, rcRequestId: expect.stringMatching(/\S/) });
  expect(ofRequest.find(({ message }) => message === "request")).toMatchObject({
    status: 200,
    lambdaRequestId: "lambda-request-1",
  });
});
