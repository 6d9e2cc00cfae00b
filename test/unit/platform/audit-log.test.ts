import { createServer, type IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { listenOnLoopback } from "../../../infra/local/ports.ts";
import { createAuditLog } from "../../../lib/platform/audit-log.ts";
import { systemClock } from "../../../lib/platform/clock.ts";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { createMetrics } from "../../../lib/platform/metrics.ts";
import { captureLog } from "../../support/capture-log.ts";

interface Received {
  headers: IncomingHttpHeaders;
  body: { logGroupName: string; logStreamName: string; logEvents: { message: string; timestamp: number }[] };
}

let answers: (number | "silence" | object)[];
let received: Received[];
let close: () => void;

beforeEach(async () => {
  [answers, received] = [[], []];
  const server = createServer(async (request, response) => {
    received.push({ headers: request.headers, body: JSON.parse(await text(request)) });
    const answer = answers.shift() ?? 200;
    if (answer === "silence") return;
    const [status, body] = typeof answer === "number" ? [answer, {}] : [200, answer];
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body));
  });
  const listening = await listenOnLoopback(server);
  close = () => listening.close();
  vi.stubEnv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", listening.url);
  vi.stubEnv("AWS_REGION", "eu-west-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "key");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
  vi.stubEnv("AWS_SESSION_TOKEN", "session");
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  close();
});

function setUp({ group }: { group: string | undefined } = { group: "/ringfront-test/audit" }) {
  const printed: string[] = [];
  const emf: string[] = [];
  const metrics = createMetrics({ write: (line) => emf.push(line) });
  const log = captureLog();
  const audit = createAuditLog({
    group,
    clock: systemClock,
    log: log.log,
    metrics,
    print: (line) => printed.push(line),
  });
  const failures = () => {
    metrics.flush();
    return emf.map((line) => JSON.parse(line).AuditFailures);
  };
  return { audit, printed, log, failures };
}
const entry = { action: "addBlockedNumber", outcome: "succeeded", requestId: "r1", actor: "a" } as const;
const time = (ms = 10_000) => deadlineIn(ms, systemClock, 0);

describe("an audit entry", () => {
  test("is printed, and in its group's stream when the write resolves, signed for CloudWatch Logs", async () => {
    const { audit, printed, failures } = setUp();
    await audit.write(entry, time());
    expect(JSON.parse(printed[0] ?? "")).toMatchObject({ message: "audit", ...entry });
    const [{ headers, body } = { headers: {}, body: undefined }] = received;
    expect(body).toMatchObject({ logGroupName: "/ringfront-test/audit", logStreamName: "writes" });
    expect(body?.logEvents).toEqual([
      { timestamp: expect.any(Number), message: (printed[0] ?? "").trimEnd() },
    ]);
    expect(headers).toMatchObject({
      "x-amz-target": "Logs_20140328.PutLogEvents",
      "x-amz-security-token": "session",
      authorization: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=key\/\d{8}\/eu-west-1\/logs\/aws4_request/,
      ),
    });
    expect(failures()).toEqual([0]);
  });

  test("survives one failure, such as a connection that died while the process was frozen", async () => {
    const { audit, failures } = setUp();
    answers = [500];
    await audit.write(entry, time());
    expect(received).toHaveLength(2);
    expect(failures()).toEqual([0]);
  });

  test.each<[why: string, answers: typeof answers]>([
    ["CloudWatch Logs rejects it", [400, 400]],
    ["CloudWatch Logs is silent", ["silence", "silence"]],
    ["it is rejected in a response of 200", [{ rejectedLogEventsInfo: { tooOldLogEventEndIndex: 1 } }, 400]],
  ])("is in the function's log and counted when %s, and the act stands within a second", async (_, given) => {
    const { audit, printed, log, failures } = setUp();
    answers = given;
    const limits = vi.spyOn(AbortSignal, "timeout");
    await audit.write(entry, time());
    expect(limits.mock.calls.reduce((sum, [ms]) => sum + ms, 0)).toBeLessThanOrEqual(1_000);
    expect(printed).toHaveLength(1);
    expect(log.text()).toContain("an audit entry is in this log only");
    expect(failures()).toEqual([1]);
  });

  test("without a group is in the function's log, and no failure", async () => {
    const { audit, printed, failures } = setUp({ group: undefined });
    await audit.write(entry, time());
    audit.begin({ action: "addBlockedNumber", requestId: "r1" });
    expect(printed.map((line) => JSON.parse(line).outcome)).toEqual(["succeeded", "started"]);
    expect([received, failures()]).toEqual([[], [0]]);
  });

  test("lets no phone number and no token through, wherever one comes from", async () => {
    const { audit, printed } = setUp();
    await audit.write({ ...entry, resource: "+1 (202) 555-0123", code: "Bearer abc.def" }, time());
    for (const text of [printed[0], received[0]?.body.logEvents[0]?.message]) {
      expect(text).toContain("+*23");
      expect(text).not.toMatch(/555|abc/);
    }
  });
});
