import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { handler as addForwardingNumber } from "../../functions/extensions/add-forwarding-number.ts";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import {
  addForwardingNumberRoute,
  listForwardingNumbersRoute,
} from "../../lib/contract/forwarding-numbers.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { invoke } from "../support/api-gateway.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { type Service, startService } from "../support/service.ts";
import type { FaultRule } from "../twin/twin.ts";

let service: Service;
// A fresh fleet for each test, already logged in: these requests leave too little time to start a first login.
beforeEach(async () => {
  service = await startService();
  await invoke(listForwardingNumbers, listForwardingNumbersRoute, {
    token: service.tokens.user,
    headers: { "cache-control": "no-store" },
  });
  service.forget();
});
afterEach(() => service.stop());

/** The handler's time limit in ms. */
const REMAINING_MS = 2_500;

async function list() {
  const response = await invoke(listForwardingNumbers, listForwardingNumbersRoute, {
    token: service.tokens.user,
    remainingMs: REMAINING_MS,
  });
  expectConforms(listForwardingNumbersRoute, response);
  return response;
}

const every = { operation: "listForwardingNumbers", times: 100 };

// test/faults holds the faults that are not here.
describe("a failing RingCentral", () => {
  const faults: [string, FaultRule, number, string][] = [
    ["never responds", { ...every, kind: "timeout" }, 504, "upstream_timeout"],
    ["responds too late", { ...every, kind: "delay", ms: 10_000 }, 504, "upstream_timeout"],
    ["returns an empty body", { ...every, kind: "empty-body" }, 502, "upstream_error"],
    [
      "returns an object instead of a list",
      { ...every, kind: "status", status: 200, body: { hello: 1 } },
      502,
      "upstream_error",
    ],
  ];

  it.each(faults)("%s: the caller gets a documented response in time", async (_, rule, status, code) => {
    service.twin.faults.add(rule);
    const response = await list();
    expect(response).toMatchObject({ status, body: { code, status, retryable: true } });
    expect(JSON.stringify(response.body)).not.toMatch(/twin|127\.0\.0\.1|stack|node_modules/i);
  });

  it.each([
    ["a dropped connection", { kind: "reset" }],
    ["a 500", { kind: "status", status: 500 }],
    ["a 503", { kind: "status", status: 503 }],
  ] as const)("is called again for a read after %s", async (_, effect) => {
    service.twin.faults.add({ operation: "listForwardingNumbers", times: 1, ...effect });
    expect((await list()).status).toBe(200);
  });

  it("that limits the service: 503 with its Retry-After, and no call before then", async () => {
    service.twin.faults.add({
      operation: "listForwardingNumbers",
      kind: "status",
      status: 429,
      errorCode: "CMN-301",
      headers: {
        "Retry-After": "60",
        "X-Rate-Limit-Group": "light",
        "X-Rate-Limit-Limit": "50",
        "X-Rate-Limit-Remaining": "0",
        "X-Rate-Limit-Window": "60",
      },
    });
    const first = await list();
    expect(first).toMatchObject({ status: 503, body: { code: "upstream_rate_limited", retryable: true } });
    expect(Number(first.headers["retry-after"])).toBeGreaterThanOrEqual(60);
    const second = await list();
    expect(second).toMatchObject({ status: 503, body: { code: "upstream_rate_limited" } });
    expect(service.sent()).toHaveLength(1);
    // Another instance, cold: the pause covers the whole fleet.
    resetRuntime();
    expect(await list()).toMatchObject({ status: 503, body: { code: "upstream_rate_limited" } });
    expect(service.sent()).toHaveLength(1);
  });
});

describe("tokens", () => {
  let own: Service;
  afterEach(() => own.stop());

  it("are requested once for many requests at once", async () => {
    own = await startService();
    const responses = await Promise.all(
      Array.from({ length: 20 }, () =>
        invoke(listForwardingNumbers, listForwardingNumbersRoute, { token: own.tokens.user }),
      ),
    );
    expect(responses.every(({ status }) => status === 200)).toBe(true);
    expect(own.twin.requests.filter(({ path }) => path.endsWith("/oauth/token"))).toHaveLength(1);
  });
});

describe("a service that is not configured", () => {
  let own: Service;
  afterEach(() => own.stop());

  it.each([
    ["not JSON", "clientSecret=hunter2", "hunter2"],
    [
      "without a field",
      JSON.stringify({ server: "https://x.example", clientId: "a", jwt: "hunter2" }),
      "hunter2",
    ],
    [
      "with a bad server",
      JSON.stringify({ server: "ftp://hunter2", clientId: "a", clientSecret: "b", jwt: "c" }),
      "hunter2",
    ],
  ])("returns 503 configuration_invalid, and reveals no value: %s", async (_, secret, value) => {
    own = await startService({ secret });
    const lines: string[] = [];
    const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = (chunk: string | Uint8Array) => {
      lines.push(String(chunk));
      return true;
    };
    const response = await invoke(listForwardingNumbers, listForwardingNumbersRoute, {
      token: own.tokens.user,
    }).finally(() => {
      process.stdout.write = write;
    });
    expect(response).toMatchObject({ status: 503, body: { code: "configuration_invalid" } });
    expect(response.headers["retry-after"]).toBeDefined();
    expect(lines.join("")).toMatch(/secret/i);
    expect(lines.join("") + JSON.stringify(response)).not.toContain(value);
  });

  it.each(["AUTH_ISSUER", "AUTH_AUDIENCE", "TABLE_NAME", "RINGCENTRAL_SECRET_ID"])(
    "returns 503 configuration_invalid without %s",
    async (name) => {
      own = await startService();
      delete process.env[name];
      resetRuntime();
      const response = await invoke(listForwardingNumbers, listForwardingNumbersRoute, {
        token: own.tokens.user,
      });
      expect(response).toMatchObject({ status: 503, body: { code: "configuration_invalid" } });
    },
  );
});

describe("a cold service without Secrets Manager", () => {
  it("returns 503 credentials_unavailable, and blames neither RingCentral nor the settings", async () => {
    process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = "http://127.0.0.1:9";
    resetRuntime();
    const response = await invoke(listForwardingNumbers, listForwardingNumbersRoute, {
      token: service.tokens.user,
    });
    expectConforms(listForwardingNumbersRoute, response);
    expect(response).toMatchObject({
      status: 503,
      body: { code: "credentials_unavailable", retryable: true, retryAfter: 5 },
    });
    expect(response.headers["retry-after"]).toBe("5");
  });
});

describe("a write whose response is lost", () => {
  it("is not retried blindly", async () => {
    service.twin.faults.add({
      operation: "addForwardingNumber",
      times: 5,
      kind: "reset-after-processing",
    });
    await invoke(addForwardingNumber, addForwardingNumberRoute, {
      token: service.tokens.user,
      body: { phoneNumber: "+12025550161" },
    });
    const posts = service.sent().filter(({ method }) => method === "POST");
    expect(posts).toHaveLength(1);
  });
});
