import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { DeleteItemCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import { handler as getLimits } from "../../functions/operations/get-limits.ts";
import { listForwardingNumbersRoute } from "../../lib/contract/forwarding-numbers.ts";
import { getLimitsRoute } from "../../lib/contract/limits.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { invoke } from "../support/api-gateway.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { type Service, startService } from "../support/service.ts";
import { SEED } from "../twin/twin.ts";

let service: Service;
beforeEach(async () => {
  service = await startService();
  // As a stage has it: a secret for each account.
  vi.stubEnv("RINGCENTRAL_SECRET_PREFIX", `${process.env.RINGCENTRAL_SECRET_ID}/`);
  vi.stubEnv("RINGCENTRAL_SECRET_ID", undefined);
});
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  await service.stop();
});

async function list() {
  const response = await invoke(listForwardingNumbers, listForwardingNumbersRoute, {
    token: service.tokens.user,
    headers: { "cache-control": "no-store" },
  });
  expectConforms(listForwardingNumbersRoute, response);
  return response;
}

async function pauseOfLight() {
  const { body } = await invoke(getLimits, getLimitsRoute, { token: service.tokens.admin });
  return body.data.budgets.find(({ group }: { group: string }) => group === "light").pause;
}

const absurd = {
  kind: "status",
  status: 429,
  errorCode: "CMN-301",
  headers: { "Retry-After": "999999999999", "X-Rate-Limit-Group": "light" },
} as const;

describe("a 429 with a Retry-After of 31,000 years", () => {
  it("pauses for five minutes at most, here and in other instances", async () => {
    expect((await list()).status).toBe(200);
    service.twin.faults.add({ ...absurd, operation: "listForwardingNumbers" });
    const rejected = await list();
    expect(rejected).toMatchObject({ status: 503, body: { code: "upstream_rate_limited" } });
    expect(Number(rejected.headers["retry-after"])).toBeLessThanOrEqual(300);
    resetRuntime();
    expect((await list()).status).toBe(503);
    const { state, until } = await pauseOfLight();
    expect(state).toBe("paused");
    expect(Date.parse(until) - Date.now()).toBeLessThan(310_000);
    // Fleet time is the table's, which a test cannot move: `pause.test.ts` plays what follows.
    expect(service.sent().filter(({ path }) => path.endsWith("/forwarding-number"))).toHaveLength(2);
  });

  it("at the login keeps the fleet from logging in for five minutes at most", async () => {
    service.twin.faults.add({ ...absurd, operation: "token" });
    expect(await list()).toMatchObject({ status: 503 });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 310_000 });
    expect((await list()).status).toBe(200);
  });

  it("is over for other instances when an operator deletes the record, as the runbook says", async () => {
    await list();
    service.twin.faults.add({ ...absurd, operation: "listForwardingNumbers" });
    await list();
    resetRuntime();
    expect((await list()).status).toBe(503);
    const dynamodb = new DynamoDBClient({ endpoint: service.dynamodb.url });
    const runbook = readFileSync(new URL("../../docs/runbooks/upstream-paused.md", import.meta.url), "utf8");
    const [, key = ""] = /--key '(.*)'/.exec(runbook) ?? [];
    const Key = JSON.parse(key.replace("<account id>", SEED.accountId));
    await dynamodb.send(new DeleteItemCommand({ TableName: process.env.TABLE_NAME, Key }));
    await setTimeout(1_100);
    expect((await list()).status).toBe(200);
    expect(await pauseOfLight()).toEqual({ state: "none" });
  });
});
