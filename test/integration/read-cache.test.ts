import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { handler as listCompanyNumbers } from "../../functions/account/list-company-numbers.ts";
import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as addForwardingNumber } from "../../functions/extensions/add-forwarding-number.ts";
import { handler as getCallerBlocking } from "../../functions/extensions/get-caller-blocking.ts";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import { handler as getLimits } from "../../functions/operations/get-limits.ts";
import { addBlockedNumberRoute, listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import { getCallerBlockingRoute } from "../../lib/contract/caller-blocking.ts";
import { listCompanyNumbersRoute } from "../../lib/contract/company-numbers.ts";
import {
  addForwardingNumberRoute,
  listForwardingNumbersRoute,
} from "../../lib/contract/forwarding-numbers.ts";
import { getLimitsRoute } from "../../lib/contract/limits.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { invoke } from "../support/api-gateway.ts";
import { type Service, startService } from "../support/service.ts";

let service: Service;
beforeEach(async () => {
  service = await startService();
});
afterEach(() => service.stop());

const forwarding = (token: string, headers: Record<string, string> = {}) =>
  invoke(listForwardingNumbers, listForwardingNumbersRoute, { token, headers });
/** The calls of the list, without the question for the call-handling backend. */
const listed = () => service.sent().filter(({ path }) => path.endsWith("/forwarding-number"));
const anotherInstance = resetRuntime;

describe("a list that was read a moment ago", () => {
  it("comes from the cache, says so, and shows its age", async () => {
    const first = await forwarding(service.tokens.user);
    expect(first.body.meta.source).toBe("live");
    expect(first.headers.age).toBeUndefined();
    const second = await forwarding(service.tokens.user);
    expect(second.body).toEqual({ ...first.body, meta: { ...first.body.meta, source: "cache" } });
    expect(second.headers.age).toMatch(/^[0-9]+$/);
    expect(second.headers.etag).toBe(first.headers.etag);
    expect(listed()).toHaveLength(1);
  });

  it("is shared by all instances", async () => {
    await forwarding(service.tokens.user);
    anotherInstance();
    expect((await forwarding(service.tokens.user)).body.meta.source).toBe("cache");
    expect(listed()).toHaveLength(1);
  });

  it("is read again for a caller who sends no-cache, and the new content is stored", async () => {
    await forwarding(service.tokens.user);
    const live = await forwarding(service.tokens.user, { "cache-control": "no-cache" });
    expect(live.body.meta.source).toBe("live");
    expect(listed()).toHaveLength(2);
    const kept = await forwarding(service.tokens.user);
    expect(kept.body.meta).toEqual({ ...live.body.meta, source: "cache" });
  });

  it("is read again for a caller who sends max-age=0", async () => {
    await forwarding(service.tokens.user);
    const live = await forwarding(service.tokens.user, { "cache-control": "max-age=0" });
    expect(live.body.meta.source).toBe("live");
  });

  it("is not stored for a caller who sends no-store", async () => {
    await forwarding(service.tokens.user, { "cache-control": "no-store" });
    expect((await forwarding(service.tokens.user)).body.meta.source).toBe("live");
  });

  it("is never served to another extension", async () => {
    const own = await forwarding(service.tokens.user);
    const other = await forwarding(service.tokens.otherUser);
    expect(other.body.meta.source).toBe("live");
    expect(other.body.data).not.toEqual(own.body.data);
  });

  it("is the same for every caller with access to it", async () => {
    const own = await forwarding(service.tokens.user);
    const admins = await invoke(listForwardingNumbers, listForwardingNumbersRoute, {
      token: service.tokens.admin,
      path: { extensionId: "3800222" },
    });
    expect(admins.body.data).toEqual(own.body.data);
    expect(admins.body.meta.source).toBe("cache");
  });

  it("is cached separately for each filter", async () => {
    const list = (query: string) =>
      invoke(listCompanyNumbers, listCompanyNumbersRoute, { token: service.tokens.admin, query });
    const direct = await list("usageType=DirectNumber");
    const all = await list("");
    expect(all.body.meta.source).toBe("live");
    expect(all.body.page.total).toBeGreaterThan(direct.body.page.total);
  });

  it("is also cached as single items, with their age", async () => {
    const read = () => invoke(getCallerBlocking, getCallerBlockingRoute, { token: service.tokens.user });
    const first = await read();
    const second = await read();
    expect(second.body).toEqual(first.body);
    expect(first.headers.age).toBeUndefined();
    expect(second.headers.age).toBe("0");
  });
});

describe("a caller that asks for live reads without pause", () => {
  it("gets those of its share, then the cache, and leaves the others theirs", async () => {
    const fresh = { "cache-control": "no-cache" };
    const responses: Awaited<ReturnType<typeof forwarding>>[] = [];
    for (let n = 0; n < 60; n++) responses.push(await forwarding(service.tokens.user, fresh));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    const live = responses.filter(({ body }) => body.meta.source === "live").length;
    expect(live).toBeGreaterThan(10);
    expect(live).toBeLessThanOrEqual(36);
    const last = responses.at(-1);
    expect(last?.body.meta).toMatchObject({ source: "cache", limitedBy: "caller" });
    expect(last?.headers.age).toMatch(/^[0-9]+$/);
    expect(last?.headers["ratelimit-policy"]).toBe('"light-caller";q=29;w=60');
    expect(last?.headers.ratelimit).toMatch(/^"light-caller";r=0;t=[0-9]+$/);

    const others = await forwarding(service.tokens.otherUser, fresh);
    expect(others.status).toBe(200);
    expect(others.body.meta.source).toBe("live");

    const uncached = await invoke(listBlockedNumbers, listBlockedNumbersRoute, {
      token: service.tokens.user,
    });
    expect(uncached.status).toBe(429);
    expect(uncached.body).toMatchObject({ code: "rate_limited", retryable: true });
    expect(uncached.headers["retry-after"]).toBe(String(uncached.body.retryAfter));
    expect(uncached.headers["ratelimit-policy"]).toBe('"light-caller";q=29;w=60');
    expect(service.twin.requests.filter(({ status }) => status === 429)).toEqual([]);

    const limits = await invoke(getLimits, getLimitsRoute, { token: service.tokens.admin });
    const light = limits.body.data.budgets.find(({ group }: { group: string }) => group === "light");
    const [first, second] = light.spentByCaller;
    expect(first.calls).toBeGreaterThan(second.calls);
    expect(first.caller).toHaveLength(3);
  });
});

describe("a write", () => {
  const newNumber = { phoneNumber: "+12135550142", label: "Beach house", type: "Other" };
  const add = () =>
    invoke(addForwardingNumber, addForwardingNumberRoute, { token: service.tokens.user, body: newNumber });

  it("is visible to every reader once it is acknowledged, whichever instance sent it", async () => {
    await forwarding(service.tokens.user);
    anotherInstance();
    expect((await add()).status).toBe(201);
    anotherInstance();
    const after = await forwarding(service.tokens.user);
    expect(after.body.meta.source).toBe("live");
    expect(after.body.data).toContainEqual(expect.objectContaining({ label: "Beach house" }));
  });

  it("keeps cached responses that it does not affect", async () => {
    const blocked = () => invoke(listBlockedNumbers, listBlockedNumbersRoute, { token: service.tokens.user });
    await blocked();
    await add();
    expect((await blocked()).body.meta.source).toBe("cache");
  });

  it("to the blocked numbers drops the cached responses of both the legacy and the current endpoint", async () => {
    await invoke(listBlockedNumbers, listBlockedNumbersRoute, { token: service.tokens.user });
    await invoke(addBlockedNumber, addBlockedNumberRoute, {
      token: service.tokens.user,
      body: { phoneNumber: "+12025550191" },
    });
    const after = await invoke(listBlockedNumbers, listBlockedNumbersRoute, { token: service.tokens.user });
    expect(after.body.data).toContainEqual(expect.objectContaining({ phoneNumber: "+12025550191" }));
  });
});

describe("while RingCentral fails", () => {
  const cannot = { operation: "listForwardingNumbers", times: 100, kind: "status", status: 500 } as const;
  /** Moves the reading time of the cached response back. */
  const letPass = async (ms: number) => {
    const { vi } = await import("vitest");
    vi.useFakeTimers({ now: Date.now() + ms, toFake: ["Date"] });
    return () => vi.useRealTimers();
  };

  it("an older cached response is served, with its age", async () => {
    const first = await forwarding(service.tokens.user);
    service.twin.faults.add(cannot);
    const restore = await letPass(60_000);
    try {
      const stale = await forwarding(service.tokens.user);
      expect(stale.status).toBe(200);
      expect(stale.body.meta).toEqual({ ...first.body.meta, source: "cache" });
      expect(Number(stale.headers.age)).toBeGreaterThanOrEqual(60);
    } finally {
      restore();
    }
  });

  it("a caller who forces a live read gets the failure", async () => {
    await forwarding(service.tokens.user);
    service.twin.faults.add(cannot);
    const response = await forwarding(service.tokens.user, { "cache-control": "no-cache" });
    expect(response).toMatchObject({ status: 502, body: { code: "upstream_error" } });
  });

  it("a rejection is passed on: no cached response replaces it", async () => {
    await forwarding(service.tokens.user);
    service.twin.faults.add({ ...cannot, status: 403, errorCode: "CMN-408" });
    const restore = await letPass(60_000);
    try {
      expect((await forwarding(service.tokens.user)).status).toBe(403);
    } finally {
      restore();
    }
  });
});
