import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { handler as getForwardingNumber } from "../../functions/extensions/get-forwarding-number.ts";
import { handler as getOverview } from "../../functions/extensions/get-overview.ts";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import { handler as getLimits } from "../../functions/operations/get-limits.ts";
import { listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import {
  getForwardingNumberRoute,
  listForwardingNumbersRoute,
} from "../../lib/contract/forwarding-numbers.ts";
import { getLimitsRoute } from "../../lib/contract/limits.ts";
import { getOverviewRoute } from "../../lib/contract/overview.ts";
import type { Route } from "../../lib/contract/route.ts";
import { invoke, type TestRequest } from "../support/api-gateway.ts";
import { sentWrites, write, writeNames } from "../support/extension-writes.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { type Service, startService } from "../support/service.ts";
import { syncLab } from "../support/sync-lab.ts";
import { startSyncServices } from "../support/sync-services.ts";

// RingCentral's limited mode: calls of limited availability get 503 CMN-211, all others are served.

let service: Service;
/** An administrator's, made anew when the time has moved. */
let token: string;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  service = await startService({ limits: { Light: 1000, Medium: 1000 } });
  token = service.tokens.admin;
});
afterEach(async () => {
  vi.useRealTimers();
  await service.stop();
});

async function pass(ms: number): Promise<void> {
  vi.setSystemTime(Date.now() + ms);
  token = await service.mint({ scope: "numbers:read numbers:write account:manage ops:read" });
}

async function send(handler: Parameters<typeof invoke>[0], route: Route, request: TestRequest = {}) {
  const response = await invoke(handler, route, { token, ...request });
  expectConforms(route, response);
  return response;
}
const forwarding = (headers = {}) => send(listForwardingNumbers, listForwardingNumbersRoute, { headers });
const blocked = (headers = {}) => send(listBlockedNumbers, listBlockedNumbersRoute, { headers });
const overview = (query = "") => send(getOverview, getOverviewRoute, { query });
const limits = async () => (await send(getLimits, getLimitsRoute)).body.data;

/** Reads of forwarding numbers are limited too, as on the new call handling. */
function begin(): void {
  service.twin.configure({ limitedMode: true });
  const limited = { kind: "status", status: 503, errorCode: "CMN-211", times: 99 } as const;
  service.twin.faults.add({
    ...limited,
    operation: "listForwardingNumbers",
    headers: { "Retry-After": "12" },
  });
}

const rejected = { status: 503, headers: { "retry-after": "12" }, body: { code: "upstream_limited_mode" } };

describe("in limited mode", () => {
  it.each(writeNames)("%s is rejected with the time to wait, after one call", async (name) => {
    begin();
    expect(await write(service, name)).toMatchObject({
      ...rejected,
      body: { code: "upstream_limited_mode", retryable: true, retryAfter: 12 },
    });
    // Whether a forwarding number is listed already is read before it is added.
    expect(sentWrites(service)).toHaveLength(name === "addForwardingNumber" ? 0 : 1);
  });

  it("a rejection that states no time says a minute", async () => {
    service.twin.configure({ limitedMode: true, limitedModeRetryAfter: 0 });
    expect((await write(service, "addBlockedNumber")).headers["retry-after"]).toBe("60");
  });

  it("a write with a key is repeated under the same key when it is over", async () => {
    begin();
    const request = { headers: { "idempotency-key": "limited-1" } };
    expect(await write(service, "addBlockedNumber", undefined, request)).toMatchObject(rejected);
    service.twin.configure({ limitedMode: false });
    const added = await write(service, "addBlockedNumber", undefined, request);
    expect(added).toMatchObject({ status: 201 });
    expect(added.headers["idempotency-replayed"]).toBeUndefined();
  });

  it("other calls are served live, and no budget is paused", async () => {
    begin();
    for (let n = 0; n < 5; n += 1) await write(service, "addBlockedNumber");
    const live = await blocked({ "cache-control": "no-cache" });
    expect(live).toMatchObject({ status: 200, body: { meta: { source: "live" } } });
    const { budgets } = await limits();
    expect(budgets.map(({ pause }: { pause: { state: string } }) => pause.state)).toEqual(
      budgets.map(() => "none"),
    );
  });

  it("leaves the last good list for a day, with its age, whatever writes were tried", async () => {
    const good = await forwarding();
    begin();
    for (const age of [60, 3 * 3600, 20 * 3600]) {
      await pass(age * 1000);
      expect((await write(service, "addForwardingNumber", undefined, { token })).status).toBe(503);
      const stale = await forwarding();
      const { asOf } = good.body.meta;
      expect(stale).toMatchObject({
        status: 200,
        body: { data: good.body.data, meta: { source: "cache", asOf } },
      });
      expect(Number(stale.headers.age)).toBe(Math.floor((Date.now() - Date.parse(asOf)) / 1000));
    }
    expect(await forwarding({ "cache-control": "no-cache" })).toMatchObject(rejected);
    await pass(2 * 3600_000);
    expect(await forwarding()).toMatchObject(rejected);
  });

  it("the forwarding numbers of a moved extension are the last good ones too, and its writes are rejected", async () => {
    service.twin.callHandling.move({});
    const good = await forwarding();
    expect(good.body.meta).toMatchObject({ source: "live", callHandling: "new" });
    service.twin.configure({ limitedMode: true });
    await pass(5 * 3600_000);
    for (const name of ["addForwardingNumber", "updateForwardingNumber", "deleteForwardingNumber"] as const) {
      expect(await write(service, name, undefined, { token })).toMatchObject(rejected);
    }
    const { asOf, callHandling } = good.body.meta;
    const stale = await forwarding();
    expect(stale).toMatchObject({ status: 200, body: { data: good.body.data } });
    expect(stale.body.meta).toEqual({ source: "cache", asOf, callHandling });
    expect((await overview()).body.data.forwarding).toMatchObject({ status: "stale", asOf });
    const [{ etag, ...first }] = good.body.data;
    const path = { extensionId: "me", forwardingNumberId: first.id };
    const one = await send(getForwardingNumber, getForwardingNumberRoute, { path });
    expect(one).toMatchObject({
      status: 200,
      headers: { age: stale.headers.age, etag },
      body: { data: first },
    });
    expect(await forwarding({ "cache-control": "no-cache" })).toMatchObject(rejected);
    await pass(20 * 3600_000);
    expect(await forwarding()).toMatchObject(rejected);
  });

  it("an outage after an hour is no reason for such an old list", async () => {
    await forwarding();
    await pass(3601_000);
    service.twin.faults.add({ operation: "listForwardingNumbers", kind: "status", status: 503, times: 9 });
    expect(await forwarding()).toMatchObject({ status: 503, body: { code: "upstream_unavailable" } });
  });

  it("a read without any earlier response is rejected with the time to wait, after one call", async () => {
    begin();
    expect(await forwarding()).toMatchObject(rejected);
    const lists = service.sent().filter(({ path }) => path.endsWith("/forwarding-number"));
    expect(lists).toHaveLength(1);
  });

  it("the overview shows the last good part as stale, without one its problem, and fails in strict mode", async () => {
    begin();
    const without = await overview();
    expect(without.body.data).toMatchObject({
      complete: false,
      blocked: { status: "ok", source: "live" },
      forwarding: { status: "error", problem: { code: "upstream_limited_mode", retryAfter: 12 } },
    });
    service.twin.faults.clear();
    const good = await overview();
    begin();
    await pass(3 * 3600_000);
    const { forwarding: part } = (await overview()).body.data;
    const { data, asOf } = good.body.data.forwarding;
    expect(part).toMatchObject({ status: "stale", source: "cache", asOf, data });
    expect(await overview("mode=strict")).toMatchObject(rejected);
  });

  it("the sync commits, because its calls are served; if they were not, it waits and the snapshot stays", async () => {
    const sync = await startSyncServices();
    const lab = syncLab(service, sync);
    begin();
    await lab.syncNow();
    const state = async () => (await lab.status()).body.data[0].state;
    expect(await state()).toBe("idle");
    const limited = { kind: "status", status: 503, errorCode: "CMN-211", times: 99 } as const;
    service.twin.faults.add({ ...limited, operation: "listCompanyNumbers" });
    await pass(900_000);
    await lab.syncNow();
    expect(await state()).toBe("running");
    expect(service.sent().filter(({ path }) => path.endsWith("/phone-number"))).toHaveLength(2);
    expect((await lab.list()).body).toMatchObject({ page: { total: 250 }, meta: { source: "snapshot" } });
    service.twin.faults.clear();
    await pass(60_000);
    await lab.workOnce();
    expect(await state()).toBe("idle");
    await sync.stop();
  });

  it("operators see it since when, until five minutes after its last sign", async () => {
    expect((await limits()).limitedMode).toBeUndefined();
    begin();
    const since = new Date().toISOString();
    await write(service, "addBlockedNumber");
    await pass(4 * 60_000);
    await write(service, "addBlockedNumber", undefined, { token });
    const { limitedMode } = await limits();
    expect(Date.parse(limitedMode.since) - Date.parse(since)).toBeLessThan(5_000);
    expect(Date.parse(limitedMode.seenAt) - Date.parse(limitedMode.since)).toBeGreaterThanOrEqual(4 * 60_000);
    await pass(4 * 60_000);
    expect((await limits()).limitedMode).toEqual(limitedMode);
    await pass(2 * 60_000);
    expect((await limits()).limitedMode).toBeUndefined();
  });
});
