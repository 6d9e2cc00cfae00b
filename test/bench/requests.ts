import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as getOverview } from "../../functions/extensions/get-overview.ts";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import { addBlockedNumberRoute } from "../../lib/contract/blocked-numbers.ts";
import { listForwardingNumbersRoute } from "../../lib/contract/forwarding-numbers.ts";
import { getOverviewRoute } from "../../lib/contract/overview.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { invoke, type TestResponse } from "../support/api-gateway.ts";
import { startFaultyProxy } from "../support/dynamo-engines.ts";
import { type Service, startService } from "../support/service.ts";
import { SEED } from "../twin/twin.ts";
import { muted, percentile } from "./measurements.ts";

/** RingCentral's time for each call here; its real responses take 100 to 400 ms. */
export const RINGCENTRAL_MS = 150;
export const RUNS = 60;
/** High limits, so that no request waits for a budget: the fleet simulation measures those waits. */
const AMPLE = { Light: 3_000, Medium: 3_000, Heavy: 3_000, Auth: 100 };

export interface RequestMeasures {
  name: string;
  p50: number;
  p99: number;
  /** Of one run. */
  sent: number;
  reads: number;
  writes: number;
}

/**
 * The cost of one request through the real handlers, compared with a direct call of RingCentral: time, RingCentral
 * calls and table requests. One warm process; dynalite runs in the same process, so a table request takes as long as
 * a loopback request.
 */
export async function measureRequests(): Promise<RequestMeasures[]> {
  const restore = muted();
  const service = await startService({ latencyMs: RINGCENTRAL_MS, limits: AMPLE });
  const table = await startFaultyProxy(service.dynamodb.url);
  process.env.AWS_ENDPOINT_URL_DYNAMODB = table.endpoint;
  resetRuntime();
  const bearer = await login(service);
  const measurements: RequestMeasures[] = [];

  async function measure(name: string, act: (run: number) => Promise<unknown>, runs = RUNS): Promise<void> {
    const [callsBefore, tableBefore] = [service.sent().length, table.seen.length];
    const times: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const startedAt = performance.now();
      await act(run);
      times.push(performance.now() - startedAt);
    }
    const asked = table.seen.slice(tableBefore);
    const each = (count: number) => Math.round((count / runs) * 100) / 100;
    measurements.push({
      name,
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      sent: each(service.sent().length - callsBefore),
      reads: each(asked.filter((call) => call.startsWith("GetItem")).length),
      writes: each(asked.filter((call) => !call.startsWith("GetItem")).length),
    });
  }

  const direct = (path: string, init: RequestInit = {}) =>
    fetch(`${service.twin.url}/restapi/v1.0/account/~/extension/~/${path}`, {
      ...init,
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
    }).then((response) => response.json());
  const token = service.tokens.user;
  const live = { "cache-control": "no-cache" };
  const list = (headers: Record<string, string> = {}) =>
    invoke(listForwardingNumbers, listForwardingNumbersRoute, { token, headers }).then(succeeded);
  const overview = (headers: Record<string, string> = {}) =>
    invoke(getOverview, getOverviewRoute, { token, headers }).then(succeeded);
  const parts = [
    "blocked-number",
    "caller-blocking/phone-numbers?status=Allowed",
    "forwarding-number",
    "phone-number?usageType=DirectNumber",
  ];
  const block = (run: number, headers: Record<string, string> = {}) =>
    invoke(addBlockedNumber, addBlockedNumberRoute, {
      token,
      headers,
      body: { phoneNumber: numberOf(run) },
    }).then(succeeded);
  const key = (run: number) => ({
    "idempotency-key": `00000000-0000-4000-8000-${String(run).padStart(12, "0")}`,
  });

  try {
    await list();
    await measure("read: RingCentral directly", () => direct("forwarding-number"));
    await measure("read: live (`no-cache`)", () => list(live));
    await measure("read: from the cache", () => list());
    await measure(
      "read: 50 at once in a process, live",
      () => Promise.all(Array.from({ length: 50 }, () => list(live))),
      10,
    );
    await measure("screen: four RingCentral calls in turn", async () => {
      for (const part of parts) await direct(part);
    });
    await measure("screen: overview, live", () => overview(live));
    await measure("screen: overview, from the cache", () => overview());
    await measure("write: RingCentral directly", (run) =>
      direct("blocked-number", { method: "POST", body: JSON.stringify({ phoneNumber: numberOf(run) }) }),
    );
    await measure("write: without a key", (run) => block(100 + run));
    await measure("write: with `Idempotency-Key`", (run) => block(200 + run, key(run)));
    await measure("write: replayed", (run) => block(200 + run, key(run)));
  } finally {
    await service.stop();
    await table.stop();
    restore();
  }
  return measurements;
}

function succeeded(response: TestResponse): TestResponse {
  if (response.status >= 400)
    throw new Error(`a request that was to be measured failed: ${response.body.code}`);
  return response;
}

/** Unused numbers, all different. */
const numberOf = (run: number) =>
  `+1${213 + Math.floor(run / 100)}55501${String(run % 100).padStart(2, "0")}`;

async function login({ twin }: Service): Promise<string> {
  const { clientId, clientSecret, jwt } = SEED;
  const response = await fetch(`${twin.url}/restapi/oauth/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: jwt }),
  });
  const body: unknown = await response.json();
  if (typeof body !== "object" || body === null || !("access_token" in body)) throw new Error("no token");
  return String(body.access_token);
}
