import { afterAll, beforeEach, describe, expect, test } from "vitest";
import {
  companyNumbersPath,
  extensionPath,
  fetchRead,
  logIn,
  requestJwtToken,
  type Send,
} from "./http-lab.ts";
import { createManualClock, type FaultRule, SEED, startTwin } from "./twin.ts";

const clock = createManualClock();
const twin = await startTwin({ clock, numbers: 20, limits: false });
afterAll(() => twin.close());
let send: Send;
beforeEach(async () => {
  twin.reset();
  send = await logIn(twin);
});

const path = `${extensionPath()}/forwarding-number`;
const number = { phoneNumber: "+13125550101" };
const isStored = () =>
  twin.extension(SEED.extensionId).forwarding.some((entry) => entry.phoneNumber === number.phoneNumber);
const add = () => send("POST", path, number);

/** Waits, without a clock, until the twin has received this number of requests. */
async function untilSeen(count: number) {
  while (twin.requests.length < count) await new Promise(setImmediate);
}

describe("a fault", () => {
  test("affects the next matching call only, by default", async () => {
    const fault = twin.faults.add({ operation: "addForwardingNumber", kind: "status", status: 503 });
    expect((await send("GET", path)).status).toBe(200);
    expect((await add()).status).toBe(503);
    expect((await add()).status).toBe(200);
    expect(fault.fired).toBe(1);
  });

  test("can skip calls, affect several, and be matched by method and path", async () => {
    twin.faults.add({
      method: "GET",
      path: "*/phone-number",
      skip: 1,
      times: 2,
      kind: "status",
      status: 500,
    });
    const statuses = [];
    for (let index = 0; index < 4; index += 1) statuses.push((await send("GET", companyNumbersPath)).status);
    expect(statuses).toEqual([200, 500, 500, 200]);
  });

  test("with a probability is determined by the seed", async () => {
    const draws = async () => {
      const other = await startTwin({ numbers: 5, seed: 7 });
      other.faults.add({ probability: 0.5, kind: "status", status: 500 });
      const statuses = [];
      for (let index = 0; index < 20; index += 1) {
        statuses.push((await fetchRead(`${other.url}/restapi/oauth/jwks`)).status);
      }
      await other.close();
      return statuses;
    };
    const first = await draws();
    expect(new Set(first)).toEqual(new Set([200, 500]));
    expect(await draws()).toEqual(first);
  });

  test.each([
    ["reset", { kind: "reset" }, false],
    ["reset after processing", { kind: "reset-after-processing" }, true],
    ["truncated body", { kind: "truncated-body" }, true],
  ] as [string, FaultRule, boolean][])("of kind %s fails the call", async (_name, rule, takesEffect) => {
    twin.faults.add(rule);
    await expect(add()).rejects.toThrow();
    expect(isStored()).toBe(takesEffect);
    expect(twin.requests.at(-1)?.faults).toEqual([rule.kind]);
  });

  test.each([false, true])("of kind timeout never responds; processed: %s", async (afterProcessing) => {
    twin.faults.add({ kind: "timeout", afterProcessing });
    let isSettled = false;
    // Left hanging on purpose: closing the twin ends it.
    add().then(
      () => {
        isSettled = true;
      },
      () => {},
    );
    await untilSeen(2);
    expect((await send("GET", path)).status).toBe(200);
    expect(isStored()).toBe(afterProcessing);
    expect(isSettled).toBe(false);
    expect(twin.requests[1]?.status).toBeUndefined();
  });

  test("can give any status, code, body and header; a 429 then has no rate headers", async () => {
    twin.faults.add({ kind: "status", status: 429, errorCode: "CMN-310", headers: { "Retry-After": "7" } });
    const throttled = await send("GET", path);
    expect(throttled).toMatchObject({ status: 429, body: { errors: [{ errorCode: "CMN-310" }] } });
    expect(throttled.headers.get("retry-after")).toBe("7");
    expect(throttled.headers.has("x-rate-limit-group")).toBe(false);
    twin.faults.add({ operation: "token", kind: "status", status: 503, body: { error: "unavailable" } });
    expect(await requestJwtToken(twin)).toMatchObject({ status: 503, body: { error: "unavailable" } });
  });

  test("can damage a body", async () => {
    twin.faults.add({ kind: "html-body" });
    twin.faults.add({ kind: "empty-body" });
    twin.faults.add({ kind: "content-type", contentType: "text/plain" });
    const [html, empty, plain] = [await send("GET", path), await send("GET", path), await send("GET", path)];
    expect([html.status, html.headers.get("content-type")]).toEqual([502, "text/html"]);
    expect([empty.status, empty.text]).toEqual([200, ""]);
    expect([plain.headers.get("content-type"), plain.text]).toEqual([
      "text/plain",
      expect.stringContaining("records"),
    ]);
  });

  test("of kind delay lets time pass on the twin's clock", async () => {
    twin.faults.add({ kind: "delay", ms: 5_000 });
    const waiting = add();
    await untilSeen(2);
    expect(isStored()).toBe(false);
    clock.advance(5_000);
    expect((await waiting).status).toBe(200);
    expect(twin.requests[1]).toMatchObject({ durationMs: 5_000, faults: ["delay"], status: 200 });
  });

  test("with unknown or invalid fields is rejected", () => {
    const add = (rule: object) => () => twin.faults.add(rule as FaultRule);
    expect(add({ kind: "gremlin" })).toThrow("unknown kind");
    expect(add({ kind: "delay" })).toThrow("needs ms");
    expect(add({ kind: "reset", colour: "red" })).toThrow("has no colour");
  });
});

describe("control over HTTP", () => {
  const control = (method: string, command: string, body?: unknown) =>
    fetchRead<{ data: unknown[] } & Record<string, unknown>>(`${twin.url}/__twin/${command}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  test("sets, lists and removes faults", async () => {
    const set = await control("POST", "faults", {
      operation: "listForwardingNumbers",
      kind: "status",
      status: 500,
    });
    expect(set).toMatchObject({ status: 201, body: { id: expect.any(Number), fired: 0 } });
    expect((await send("GET", path)).status).toBe(500);
    expect((await control("GET", "faults")).body.data).toMatchObject([{ fired: 1 }]);
    expect((await control("DELETE", `faults/${set.body.id}`)).status).toBe(204);
    expect((await control("GET", "faults")).body.data).toEqual([]);
    expect((await control("POST", "faults", { kind: "gremlin" })).status).toBe(400);
  });

  test("shows requests and state, and logs none of its own requests", async () => {
    await add();
    expect((await control("GET", "requests")).body.data).toMatchObject([
      { operation: "token", group: "Auth", status: 200 },
      { operation: "addForwardingNumber", group: "Medium", body: number, clientId: SEED.clientId },
    ]);
    expect((await control("GET", "state")).text).toContain(number.phoneNumber);
    expect((await control("DELETE", "requests")).status).toBe(204);
    expect(twin.requests).toEqual([]);
  });

  test("switches options and rejects unknown ones", async () => {
    expect((await control("PATCH", "options", { maxPerPage: 5 })).body.maxPerPage).toBe(5);
    expect((await control("PATCH", "options", { maxPages: 5 })).status).toBe(400);
    expect((await control("PATCH", "options", { maxPerPage: 0 })).status).toBe(400);
  });

  test("edits numbers, permissions and secrets, and advances a manual clock", async () => {
    const added = await control("POST", "numbers", { phoneNumber: "+16505550160" });
    const { id } = added.body;
    expect((await control("PATCH", `numbers/${id}`, { label: "Lab" })).body.label).toBe("Lab");
    expect((await control("DELETE", `numbers/${id}`)).status).toBe(204);
    expect((await control("POST", "permissions", { app: [] })).status).toBe(204);
    expect((await send("GET", path)).status).toBe(403);
    expect((await control("POST", "permissions", { app: "all" })).status).toBe(400);
    expect((await control("POST", "client-secret", { secret: "other" })).status).toBe(204);
    expect((await requestJwtToken(twin)).status).toBe(400);
    expect((await control("POST", "clock", { advanceMs: 60_000 })).status).toBe(200);
    expect((await control("POST", "reset")).status).toBe(204);
    expect((await requestJwtToken(twin)).status).toBe(200);
    expect((await control("GET", "nowhere")).status).toBe(404);
  });
});
