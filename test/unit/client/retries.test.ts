import { describe, expect, test } from "vitest";
import { unwrap } from "../../../lib/client/src/index.ts";
import { clientOf, json, lostConnection, problem } from "./fake-api.ts";

const LIST = "/v1/account/phone-numbers";
const BLOCKED = "/v1/extensions/{extensionId}/blocked-numbers";
const FORWARDING = "/v1/extensions/{extensionId}/forwarding-numbers/{forwardingNumberId}";
const empty = () => json({ data: [], page: { limit: 100, hasMore: false }, meta: {} });
const me = { path: { extensionId: "me" } };
const one = { path: { extensionId: "me", forwardingNumberId: "7" } };
const busy = (retryAfter: number) => () =>
  problem(503, "upstream_rate_limited", { retryable: true, retryAfter });
const held = (retryAfter: number) => () => problem(429, "rate_limited", { retryable: true, retryAfter });

describe("the client retries", () => {
  test("when the API says that it may help, not before Retry-After", async () => {
    const { client, requests, pausesMs } = clientOf([busy(2), held(3), empty]);
    expect(unwrap(await client.GET(LIST)).data).toEqual([]);
    expect(requests).toHaveLength(3);
    expect(pausesMs).toEqual([2_500, 3_500]);
  });

  test("after a lost connection, with a maximum wait that doubles", async () => {
    const { client, pausesMs } = clientOf([lostConnection, lostConnection, lostConnection, empty]);
    expect((await client.GET(LIST)).response.status).toBe(200);
    expect(pausesMs).toEqual([200, 400, 800]);
  });

  test("after a gateway's error that is no problem document", async () => {
    const { client, requests } = clientOf([() => new Response("<html>", { status: 502 }), empty]);
    expect((await client.GET(LIST)).response.status).toBe(200);
    expect(requests).toHaveLength(2);
  });

  test("with the same Idempotency-Key and the same body, so that a POST takes effect once", async () => {
    const { client, requests } = clientOf([
      lostConnection,
      () => problem(503, "outcome_unknown", { retryable: true, retryAfter: 2 }),
      () => problem(409, "idempotency_in_progress", { retryable: true, retryAfter: 1 }),
      () => json({ data: { id: "1", phoneNumber: "+12025550143" } }, {}, 201),
    ]);
    const body = { phoneNumber: "+12025550143" };
    expect(unwrap(await client.POST(BLOCKED, { params: me, body })).data.id).toBe("1");
    const keys = requests.map(({ headers }) => headers.get("Idempotency-Key"));
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(keys).size).toBe(1);
    for (const request of requests) expect(await request.json()).toEqual(body);
  });
});

test("the client outlasts a request in progress, which takes 15 s at most, each time waiting 4 s in the API itself", async () => {
  const inProgress = () => problem(409, "idempotency_in_progress", { retryable: true, retryAfter: 2 });
  const { client, requests, pausesMs } = clientOf([
    lostConnection,
    ...Array.from({ length: 4 }, () => inProgress),
    () => json({ data: { id: "1" } }, { "Idempotency-Replayed": "true" }, 201),
  ]);
  const { response } = await client.POST(BLOCKED, { params: me, body: { phoneNumber: "+12025550143" } });
  expect(response.status).toBe(201);
  const pausedMs = pausesMs.reduce((sum, ms) => sum + ms, 0);
  // From the lost connection to the last attempt.
  expect(pausedMs + 4 * 4_000).toBeGreaterThan(21_000);
  expect(pausedMs).toBeLessThanOrEqual(15_000);
  expect(requests).toHaveLength(6);
});

describe("the client does not retry", () => {
  test("when Retry-After exceeds the longest wait: the response is returned at once", async () => {
    const { client, pausesMs } = clientOf([busy(40)]);
    const { error } = await client.GET(LIST);
    expect(error).toMatchObject({ code: "upstream_rate_limited", retryAfter: 40 });
    expect(pausesMs).toEqual([]);
  });

  test("when all waits together would be too long", async () => {
    const { client, pausesMs } = clientOf([busy(9), busy(9)]);
    expect((await client.GET(LIST)).response.status).toBe(503);
    expect(pausesMs).toEqual([9_500]);
  });

  test("more often than configured", async () => {
    const { client, requests } = clientOf([lostConnection, lostConnection], { retries: { attempts: 2 } });
    await expect(client.GET(LIST)).rejects.toThrow("fetch failed");
    expect(requests).toHaveLength(2);
  });

  test("at all when retries are off", async () => {
    const { client } = clientOf([busy(1)], { retries: false });
    expect((await client.GET(LIST)).response.status).toBe(503);
  });

  test.each([
    [400, "request_invalid"],
    [404, "not_found"],
    [409, "forwarding_label_duplicate"],
    [502, "upstream_app_permission_missing"],
  ])("what will not change by itself: %i %s", async (status, code) => {
    const { client, pausesMs } = clientOf([() => problem(status, code)]);
    expect((await client.GET(LIST)).error).toMatchObject({ code });
    expect(pausesMs).toEqual([]);
  });

  test("a change with If-Match whose response was lost: it may have taken effect", async () => {
    const body = { label: "Home" };
    const headers = { "If-Match": '"v1"' };
    const { client, requests } = clientOf([lostConnection]);
    await expect(client.PUT(FORWARDING, { params: one, body, headers })).rejects.toThrow("fetch failed");
    expect(requests).toHaveLength(1);
  });

  test("after the app aborted the request", async () => {
    const abort = new AbortController();
    const { client, requests } = clientOf([
      () => {
        abort.abort(new Error("left the screen"));
        return lostConnection(new Request("https://api.example"));
      },
    ]);
    await expect(client.GET(LIST, { signal: abort.signal })).rejects.toThrow();
    expect(requests).toHaveLength(1);
  });
});

test.each([
  ["the outcome is unknown", () => problem(503, "outcome_unknown", { retryable: true, retryAfter: 1 })],
  ["a gateway gave up", () => new Response("{}", { status: 503 })],
])("a change with If-Match is not retried when %s", async (_, respond) => {
  const { client, requests } = clientOf([respond]);
  const headers = { "If-Match": '"v1"' };
  const { response } = await client.PUT(FORWARDING, { params: one, body: { label: "Home" }, headers });
  expect(response.status).toBe(503);
  expect(requests).toHaveLength(1);
});

test("a change with If-Match that was rejected with 503 is retried", async () => {
  const { client, requests } = clientOf([busy(1), () => json({ data: { id: "7" } })]);
  const headers = { "If-Match": '"v1"' };
  const { response } = await client.PUT(FORWARDING, { params: one, body: { label: "Home" }, headers });
  expect(response.status).toBe(200);
  expect(requests[1]?.headers.get("If-Match")).toBe('"v1"');
});

test("a key that the app set is kept", async () => {
  const { client, requests } = clientOf([() => json({ data: {} }, {}, 201)]);
  const headers = { "Idempotency-Key": "draft-17" };
  await client.POST(BLOCKED, { params: me, body: { phoneNumber: "+12025550143" }, headers });
  expect(requests[0]?.headers.get("Idempotency-Key")).toBe("draft-17");
});
