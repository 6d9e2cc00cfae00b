import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { handler as getOverview } from "../../functions/extensions/get-overview.ts";
import { handler as getLimits } from "../../functions/operations/get-limits.ts";
import { getLimitsRoute } from "../../lib/contract/limits.ts";
import { getOverviewRoute } from "../../lib/contract/overview.ts";
import { invoke } from "../support/api-gateway.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { type Service, startService } from "../support/service.ts";

let service: Service;
beforeEach(async () => {
  service = await startService();
});
afterEach(() => service.stop());

async function overview(query = "", headers: Record<string, string> = {}, path?: Record<string, string>) {
  const token = path ? service.tokens.admin : service.tokens.user;
  const response = await invoke(getOverview, getOverviewRoute, {
    token,
    query,
    headers,
    ...(path && { path }),
  });
  expectConforms(getOverviewRoute, response);
  return response;
}
const failing = { times: 100, kind: "status", status: 500 } as const;
const statuses = (data: Record<string, { status?: string }>) =>
  Object.fromEntries(
    ["blocked", "allowed", "forwarding", "direct"].map((part) => [part, data[part]?.status]),
  );

/** The last parts of the paths of RingCentral's calls. */
const paths = () =>
  service
    .sent()
    .map(({ path }) => path.slice(path.lastIndexOf("/") + 1))
    .sort();

describe("the overview", () => {
  it("holds the four parts, each with its source", async () => {
    const { status, body } = await overview();
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ extensionId: "3800222", complete: true });
    expect(statuses(body.data)).toEqual({ blocked: "ok", allowed: "ok", forwarding: "ok", direct: "ok" });
    const { blocked, allowed, forwarding, direct } = body.data;
    expect([blocked.total, allowed.total, forwarding.total, direct.total]).toEqual([3, 2, 4, 2]);
    for (const { etag } of [blocked, allowed, forwarding, direct].flatMap(({ data }) => data)) {
      expect(etag).toMatch(/^"[\w-]+"$/);
    }
    for (const entry of allowed.data) expect(entry.status).toBe("allowed");
    for (const number of direct.data) expect(number.usageType).toBe("DirectNumber");
    for (const part of [blocked, allowed, forwarding, direct]) {
      expect(part).toMatchObject({ source: "live", hasMore: false, asOf: expect.any(String) });
    }
    // One question for the call-handling backend, and the four parts.
    expect(service.sent()).toHaveLength(5);
  });

  it("reads only the requested parts", async () => {
    const { body } = await overview("parts=forwarding,direct");
    expect(Object.keys(body.data).sort()).toEqual(["complete", "direct", "extensionId", "forwarding"]);
    expect(paths()).toEqual(["features", "forwarding-number", "phone-number"]);
  });

  it("rejects an unknown part", async () => {
    expect(await overview("parts=voicemail")).toMatchObject({
      status: 400,
      body: { code: "request_invalid" },
    });
    expect(service.sent()).toEqual([]);
  });

  it("takes as long as its slowest part", async () => {
    await overview();
    for (const operation of ["listBlockedNumbers", "listForwardingNumbers", "listExtensionNumbers"]) {
      service.twin.faults.add({ operation, kind: "delay", ms: 400, times: 1 });
    }
    const before = service.twin.requests.length;
    await overview("", { "cache-control": "no-cache" });
    const arrivals = service.twin.requests.slice(before).map(({ at }) => at);
    expect(arrivals).toHaveLength(4);
    // All four calls start before the first response.
    expect(Math.max(...arrivals) - Math.min(...arrivals)).toBeLessThan(400);
  });

  it("keeps its ETag while its content is the same, and returns 304 to a caller who has it", async () => {
    const first = await overview();
    const second = await overview("", { "cache-control": "no-cache" });
    expect(second.headers.etag).toBe(first.headers.etag);
    expect(first.headers.etag).toMatch(/^W\//);
    const third = await overview("", { "if-none-match": String(first.headers.etag) });
    expect(third.status).toBe(304);
  });
});

describe("when a part fails", () => {
  beforeEach(() => {
    service.twin.faults.add({ ...failing, operation: "listForwardingNumbers" });
  });

  it("that part holds its problem, the others are complete, and the response is not stored", async () => {
    const { status, headers, body } = await overview();
    expect(status).toBe(200);
    expect(body.data.complete).toBe(false);
    expect(statuses(body.data)).toEqual({ blocked: "ok", allowed: "ok", forwarding: "error", direct: "ok" });
    expect(body.data.forwarding).toMatchObject({ problem: { code: "upstream_error", status: 502 } });
    const limits = await invoke(getLimits, getLimitsRoute, { token: service.tokens.admin });
    const { series } = limits.body.data.problems.lastHour;
    expect(series).toMatchObject([{ route: "getOverview", code: "upstream_error", status: 502 }]);
    expect(body.data.forwarding).not.toHaveProperty("data");
    expect(headers["cache-control"]).toBe("no-store");
  });

  it("mode=strict fails with that part's problem", async () => {
    expect(await overview("mode=strict")).toMatchObject({ status: 502, body: { code: "upstream_error" } });
  });

  it("mode=strict fails with the most specific problem", async () => {
    service.twin.faults.add({
      operation: "listExtensionNumbers",
      times: 100,
      kind: "status",
      status: 403,
      errorCode: "CMN-408",
    });
    const response = await overview("mode=strict");
    expect(response).toMatchObject({ status: 403, body: { code: "upstream_permission_denied" } });
  });

  it("the next response is live again", async () => {
    await overview();
    service.twin.faults.clear();
    const { body } = await overview();
    expect(body.data.complete).toBe(true);
    expect(body.data.forwarding.source).toBe("live");
  });
});

describe("when a part fails that was read before", () => {
  it("its cached content replaces it, marked stale, but not in strict mode", async () => {
    const before = await overview();
    service.twin.faults.add({ ...failing, operation: "listForwardingNumbers" });
    vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ["Date"] });
    try {
      const { body } = await overview();
      expect(body.data.complete).toBe(false);
      expect(body.data.forwarding).toEqual({
        ...before.body.data.forwarding,
        status: "stale",
        source: "cache",
      });
      expect((await overview("mode=strict")).status).toBe(502);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("when everything fails", () => {
  it("with a temporary failure, each part holds its problem", async () => {
    for (const operation of ["listBlockedNumbers", "listCallerBlockingNumbers", "listForwardingNumbers"]) {
      service.twin.faults.add({ ...failing, operation });
    }
    service.twin.faults.add({ ...failing, operation: "listExtensionNumbers" });
    const { status, body } = await overview();
    expect(status).toBe(200);
    expect(statuses(body.data)).toEqual({
      blocked: "error",
      allowed: "error",
      forwarding: "error",
      direct: "error",
    });
  });

  it("because the extension does not exist, the response is that problem", async () => {
    const response = await overview("", {}, { extensionId: "3899999" });
    expect(response).toMatchObject({ status: 404, body: { code: "not_found" } });
  });
});
