import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import {
  addForwardingNumberRoute,
  listForwardingNumbersRoute,
} from "../../../lib/contract/forwarding-numbers.ts";
import { getHealthRoute } from "../../../lib/contract/operations.ts";
import { ProblemError } from "../../../lib/contract/problems.ts";
import { invocationOf } from "../../../lib/http/invocation.ts";
import { buildStack } from "../../../lib/http/middleware-stack.ts";
import { RingCentralError } from "../../../lib/ringcentral/api/errors.ts";
import { apiGatewayEvent, lambdaContext } from "../../support/api-gateway.ts";

afterEach(() => vi.restoreAllMocks());

const notSent = { kind: "rate_limited", operation: "listDevices", mayHaveTakenEffect: false } as const;

/** Level, message and error of each log line of a request that fails. */
async function linesOf(error: Error): Promise<unknown[]> {
  const output: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => output.push(String(text)) > 0);
  await buildStack(getHealthRoute, () => Promise.reject(error))(
    apiGatewayEvent(getHealthRoute),
    lambdaContext(),
  );
  const lines = output.map((line) => JSON.parse(line)).filter(({ message }) => message !== undefined);
  return lines.map((line) => [line.level, line.message, line.error?.message]);
}

test("a call that the rate limiter rejects is a warning, and its line says that nothing was sent", async () => {
  const cause = new RingCentralError(notSent);
  expect(await linesOf(new ProblemError("upstream_rate_limited", { cause }))).toEqual([
    ["warn", "request failed", "RingCentral listDevices: rate_limited (not sent)"],
    ["warn", "request", undefined],
  ]);
});

test.each([
  ["a request that may have reached RingCentral", { mayHaveTakenEffect: true }, "timeout (no response)"],
  ["a 5xx of RingCentral", { mayHaveTakenEffect: true, status: 502 }, "timeout (502)"],
])("%s is an error", async (_, failure, text) => {
  const cause = new RingCentralError({ ...notSent, kind: "timeout", ...failure });
  expect(await linesOf(new ProblemError("upstream_timeout", { cause }))).toEqual([
    ["error", "request failed", `RingCentral listDevices: ${text}`],
    ["error", "request", undefined],
  ]);
});

test.each([
  ["a read", listForwardingNumbersRoute, {}, { code: "upstream_timeout", retryable: true }],
  [
    "a keyed POST",
    addForwardingNumberRoute,
    { "Idempotency-Key": "k1" },
    { code: "outcome_unknown", retryable: true },
  ],
  ["a POST without a key", addForwardingNumberRoute, {}, { code: "outcome_unknown", retryable: false }],
])("%s that runs out of time is told whether to repeat it", async (_, route, headers, expected) => {
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const never = buildStack(route, () => new Promise(() => {}));
  const { body = "" } = await never(apiGatewayEvent(route, { headers }), lambdaContext(300));
  expect(JSON.parse(body)).toMatchObject(expected);
});

test.each([
  ["its write ran into the deadline", 520, () => Promise.reject(new ProblemError("outcome_unknown"))],
  ["its write never ended", 300, () => new Promise<never>(() => {})],
])("an audit entry has the time until the process ends when %s", async (_, remainingMs, act) => {
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const left: number[] = [];
  const handle = buildStack(
    addForwardingNumberRoute,
    async (event) => {
      const invocation = invocationOf(event);
      invocation.caller = { id: "c" };
      await delay(invocation.deadline.remainingMs());
      return act();
    },
    { writeAudit: async (_entry, deadline) => void left.push(deadline.remainingMs()) },
  );
  await handle(apiGatewayEvent(addForwardingNumberRoute), lambdaContext(remainingMs));
  expect(left).toEqual([expect.toSatisfy((ms: number) => ms >= 100 && ms < 450)]);
});

test("a response stands though its access log line fails, and another line says so", async () => {
  const output: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => output.push(String(text)) > 0);
  const handle = buildStack(getHealthRoute, async (event) => {
    invocationOf(event).caller = {
      get id(): string {
        throw new Error("no id");
      },
    };
    return { statusCode: 201, headers: {}, body: "{}" };
  });
  const { statusCode } = await handle(apiGatewayEvent(getHealthRoute), lambdaContext());
  expect(statusCode).toBe(201);
  expect(output.join("")).toContain('"message":"the access log failed","operation":"getHealth"');
});
