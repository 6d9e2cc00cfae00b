import { describe, expect, test } from "vitest";
import { type SettledWrite, WriteQueue } from "../../../lib/client/src/index.ts";
import { json, lostConnection, problem, type Responder } from "./fake-api.ts";

const BLOCKED = "/v1/extensions/{extensionId}/blocked-numbers";
const ENTRY = "/v1/extensions/{extensionId}/caller-blocking/phone-numbers/{id}";
const created: Responder = () => json({ data: { id: "1" } }, {}, 201);
const busy: Responder = () => problem(503, "upstream_rate_limited", { retryable: true, retryAfter: 40 });

/** An app with one storage: each `start` is a start of the app. */
function phone(respond: (request: Request, sent: Request[]) => Response | Promise<Response>) {
  const items = new Map<string, string>();
  const sent: Request[] = [];
  const settled: SettledWrite[] = [];
  let time = 1_000;
  const start = () =>
    new WriteQueue({
      baseUrl: "https://api.example",
      accessToken: "token-1",
      retries: false,
      storage: {
        getItem: async (key) => items.get(key) ?? null,
        setItem: async (key, value) => void items.set(key, value),
      },
      onSettled: (one) => void settled.push(one),
      now: () => time,
      fetch: async (request) => {
        sent.push(request.clone());
        return respond(request, sent);
      },
    });
  const pass = (ms: number) => {
    time += ms;
  };
  const stored = () => [...items.values()].join();
  return { start, sent, settled, pass, stored };
}

const block = (queue: WriteQueue, index: number, extensionId = "me") =>
  queue.add((api) =>
    api.POST(BLOCKED, { params: { path: { extensionId } }, body: { phoneNumber: `+1202555014${index}` } }),
  );
const keysOf = (sent: Request[]) => sent.map(({ headers }) => headers.get("Idempotency-Key"));
const numbersOf = (sent: Request[]) =>
  Promise.all(sent.map(async (request) => (await request.clone().text()).match(/(\d)"/)?.[1]));

describe("a queue of writes", () => {
  test("keeps them across restarts of the app, and sends each with its key, in order", async () => {
    const { start, sent, settled, stored } = phone(created);
    const queue = start();
    for (const index of [1, 2, 3]) await block(queue, index);
    expect(sent).toEqual([]);
    expect(stored()).not.toContain("token-1");
    const restarted = start();
    expect(await restarted.pending()).toHaveLength(3);
    expect(await restarted.flush()).toEqual({ left: 0 });
    expect(await numbersOf(sent)).toEqual(["1", "2", "3"]);
    expect(new Set(keysOf(sent)).size).toBe(3);
    expect(sent[0]?.headers.get("Authorization")).toBe("Bearer token-1");
    expect(settled).toMatchObject([{ outcome: "done", data: { data: { id: "1" } } }, {}, {}]);
    expect(await start().pending()).toEqual([]);
  });

  test("sends a write whose response was lost again with the same key, also after a restart", async () => {
    const { start, sent } = phone((request, sent) =>
      sent.length === 1 ? lostConnection(request) : created(request),
    );
    const queue = start();
    await block(queue, 1);
    await block(queue, 2);
    expect(await queue.flush()).toEqual({ left: 2 });
    expect(await start().flush()).toEqual({ left: 0 });
    const [first, ...others] = keysOf(sent);
    expect(others).toHaveLength(2);
    expect(others[0]).toBe(first);
  });

  test("sends a write with the key that the app gave it, as the app's own attempt before had", async () => {
    const { start, sent } = phone(created);
    const queue = start();
    await queue.add((api) =>
      api.POST(BLOCKED, {
        params: { path: { extensionId: "me" } },
        headers: { "Idempotency-Key": "draft-1" },
        body: { phoneNumber: "+12025550141" },
      }),
    );
    await queue.flush();
    expect(keysOf(sent)).toEqual(["draft-1"]);
  });

  test("drops a write that its user takes back, and clears all when another user signs in", async () => {
    const { start, sent, settled, stored } = phone(busy);
    const queue = start();
    const [first] = [await block(queue, 1), await block(queue, 2)];
    expect(await queue.remove(first.id)).toBe(true);
    expect(await queue.remove(first.id)).toBe(false);
    await queue.flush();
    expect(await numbersOf(sent)).toEqual(["2"]);
    await queue.clear();
    expect(await start().flush()).toEqual({ left: 0 });
    expect(sent).toHaveLength(1);
    expect(settled).toEqual([]);
    expect(stored()).not.toContain("+1202");
  });

  test("goes on with the others when writes are taken back while it sends", async () => {
    let queue: WriteQueue | undefined;
    const { start, sent } = phone(async (request, all) => {
      if (all.length === 1) {
        const [own, next] = (await queue?.pending()) ?? [];
        // What is under way may have taken effect: it stays until it has a response.
        expect(await queue?.remove(own?.id ?? "")).toBe(false);
        expect(await queue?.remove(next?.id ?? "")).toBe(true);
      }
      return created(request);
    });
    queue = start();
    for (const index of [1, 2, 3]) await block(queue, index);
    expect(await queue.flush()).toEqual({ left: 0 });
    expect(await numbersOf(sent)).toEqual(["1", "3"]);
  });

  test("reads its storage again after it failed", async () => {
    let isBroken = true;
    const queue = new WriteQueue({
      baseUrl: "https://api.example",
      storage: {
        getItem: async () => {
          if (isBroken) throw new Error("locked");
          return null;
        },
        setItem: () => undefined,
      },
    });
    await expect(queue.pending()).rejects.toThrow("locked");
    isBroken = false;
    expect(await queue.pending()).toEqual([]);
  });

  test("holds back the later writes of one extension, and not those of others", async () => {
    const { start, sent } = phone((request) =>
      request.url.includes("/me/") ? busy(request) : created(request),
    );
    const queue = start();
    await block(queue, 1);
    await block(queue, 2);
    await block(queue, 3, "77");
    expect(await queue.flush()).toEqual({ left: 2, retryAfter: 40 });
    expect((await numbersOf(sent)).sort()).toEqual(["1", "3"]);
  });

  test.each<[string, Responder, left: number]>([
    ["400", () => problem(400, "request_invalid"), 0],
    ["404", () => problem(404, "not_found"), 0],
    ["409 of a listed number", () => problem(409, "number_already_listed"), 0],
    [
      "409 of a request in progress",
      () => problem(409, "idempotency_in_progress", { retryable: true, retryAfter: 2 }),
      1,
    ],
    ["401", () => problem(401, "token_invalid"), 1],
    ["429", () => problem(429, "rate_limited", { retryable: true, retryAfter: 5 }), 1],
    ["502", () => new Response("<html>", { status: 502 }), 1],
    [
      "503 of an unknown outcome",
      () => problem(503, "outcome_unknown", { retryable: true, retryAfter: 2 }),
      1,
    ],
    ["a batch that is not complete", () => json({ data: { complete: false } }, { "Retry-After": "9" }), 1],
  ])("gives up a write that cannot succeed, and keeps one that may: %s", async (_, respond, left) => {
    const { start, settled } = phone(respond);
    const queue = start();
    const write = await block(queue, 1);
    expect(await queue.flush()).toMatchObject({ left });
    expect(settled.map(({ outcome, write: { id } }) => [outcome, id])).toEqual(
      left ? [] : [["rejected", write.id]],
    );
  });

  test("keeps PUT and DELETE with their conditions too", async () => {
    const { start, sent } = phone(({ method }) =>
      method === "DELETE" ? new Response(null, { status: 204 }) : json({ data: {} }),
    );
    const queue = start();
    const params = { path: { extensionId: "me", id: "7" } };
    await queue.add((api) =>
      api.PUT(ENTRY, { params, body: { label: "x" }, headers: { "If-Match": '"v1"' } }),
    );
    await queue.add((api) => api.DELETE(ENTRY, { params }));
    expect(await start().flush()).toEqual({ left: 0 });
    expect(sent.map(({ method, headers }) => [method, headers.get("If-Match")])).toEqual([
      ["PUT", '"v1"'],
      ["DELETE", null],
    ]);
  });

  test("does not repeat a POST whose key may be forgotten", async () => {
    const { start, sent, settled, pass } = phone(busy);
    const queue = start();
    await block(queue, 1);
    pass(48 * 60 * 60 * 1000);
    await queue.flush();
    pass(24 * 60 * 60 * 1000);
    expect(await queue.flush()).toEqual({ left: 0 });
    expect(sent).toHaveLength(1);
    expect(settled).toMatchObject([{ outcome: "expired" }]);
  });

  test("is flushed once at a time, and stops when it is aborted", async () => {
    const abort = new AbortController();
    const { start, sent } = phone((request) => {
      abort.abort(new Error("left"));
      return lostConnection(request);
    });
    const queue = start();
    await block(queue, 1);
    await block(queue, 2);
    const { signal } = abort;
    const both = [queue.flush({ signal }), queue.flush()];
    await expect(both[0]).rejects.toThrow(/left|aborted/);
    expect(both[1]).toBe(both[0]);
    expect(sent).toHaveLength(1);
    expect(await queue.pending()).toHaveLength(2);
  });
});
