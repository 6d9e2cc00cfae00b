import { expect, onTestFinished, test, vi } from "vitest";
import { createClient, PhoneNumberMirror } from "../../../lib/client/src/index.ts";
import { clientOf, json, type Responder } from "./fake-api.ts";

const LIST = "/v1/account/phone-numbers";
const page =
  (id: string, tag: string): Responder =>
  () =>
    json({ data: [{ id }], page: { limit: 100, hasMore: false }, meta: {} }, { ETag: tag, Age: "1" });
const unchanged: Responder = () => new Response(null, { status: 304, headers: { ETag: 'W/"1"', Age: "7" } });
const sentTags = (requests: Request[]) => requests.map(({ headers }) => headers.get("If-None-Match"));

test("a read that has not changed costs no body: the app gets the kept one, with the new headers", async () => {
  const { client, requests } = clientOf([page("1", 'W/"1"'), unchanged, page("2", 'W/"2"'), unchanged]);
  const ids: unknown[] = [];
  for (let n = 0; n < 4; n++) {
    const { data, response } = await client.GET(LIST);
    ids.push([data?.data[0]?.id, response.status, response.headers.get("Age")]);
  }
  expect(ids).toEqual([
    ["1", 200, "1"],
    ["1", 200, "7"],
    ["2", 200, "1"],
    ["2", 200, "7"],
  ]);
  expect(sentTags(requests)).toEqual([null, 'W/"1"', 'W/"1"', 'W/"2"']);
});

test("each query is kept by itself, and the least recently used one is dropped", async () => {
  const { client, requests } = clientOf(
    [page("1", '"1"'), page("2", '"2"'), unchanged, page("3", '"3"'), page("2", '"2"')],
    { keptReads: 2 },
  );
  for (const q of ["1", "2", "1", "3", "2"]) await client.GET(LIST, { params: { query: { q } } });
  expect(sentTags(requests)).toEqual([null, null, '"1"', null, null]);
});

test("the app's own If-None-Match, no-store and responses without a tag are left alone", async () => {
  const own = { headers: { "If-None-Match": '"own"' } };
  const { client, requests } = clientOf([
    page("1", '"1"'),
    unchanged,
    page("1", '"1"'),
    () => json({ data: [] }),
  ]);
  await client.GET(LIST);
  expect((await client.GET(LIST, own)).response.status).toBe(304);
  await client.GET(LIST, { headers: { "Cache-Control": "no-store" } });
  await client.GET(LIST);
  expect(sentTags(requests)).toEqual([null, '"own"', null, '"1"']);
});

test("a mirror never starts from a kept position: the API gives the start of the feed no tag", async () => {
  const page1 = { limit: 100, hasMore: false, nextCursor: "c" };
  const feed = () => json({ data: [], page: page1, meta: { snapshot: `${LIST}?cursor=s` } });
  const { client, requests } = clientOf([feed, page("1", 'W/"1"'), feed, page("1", 'W/"1"'), feed]);
  await new PhoneNumberMirror(client).refresh();
  const mirror = new PhoneNumberMirror(client);
  await mirror.refresh();
  await mirror.refresh();
  expect(sentTags(requests)).toEqual([null, null, null, 'W/"1"', null]);
});

test("an aborted signal ends paging, a refresh, and a wait between attempts", async () => {
  const left = new AbortController();
  left.abort();
  const { signal } = left;
  const { client, requests } = clientOf([]);
  await expect(client.pages(LIST, { signal }).next()).rejects.toThrow();
  await expect(new PhoneNumberMirror(client).refresh({ signal })).rejects.toThrow();
  expect(requests.every((request) => request.signal.aborted)).toBe(true);

  const abort = new AbortController();
  // The wait has no other end.
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const busy: Responder = () => {
    setImmediate(() => abort.abort(new Error("left")));
    return new Response("{}", { status: 503, headers: { "Retry-After": "9" } });
  };
  const real = createClient({ baseUrl: "https://api.example", fetch: async (request) => busy(request) });
  await expect(real.GET(LIST, { signal: abort.signal })).rejects.toThrow(/left|aborted/);
});
