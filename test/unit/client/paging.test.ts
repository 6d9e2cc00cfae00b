import { URL } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../../lib/client/src/index.ts";
import { clientOf, json, problem } from "./fake-api.ts";

const LIST = "/v1/account/phone-numbers";
const query = (request: Request) => Object.fromEntries(new URL(request.url).searchParams);

/** Serves a list in the given pages, whatever the limit, as a filtered live list does. */
function pagesOf(pages: readonly (readonly unknown[])[]) {
  return pages.map((data, index) => () => {
    const hasMore = index < pages.length - 1;
    const page = { limit: 2, hasMore, ...(hasMore && { nextCursor: `c${index + 1}` }) };
    return json({ data, page, meta: { source: "live", asOf: "2026-01-01T00:00:00Z" } });
  });
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe("paging through a list", () => {
  test("yields every item once, in order, whatever the page size", async () => {
    const ids = fc.array(fc.array(fc.integer(), { maxLength: 3 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(ids, async (pages) => {
        const { client, requests } = clientOf(pagesOf(pages));
        expect(await collect(client.items(LIST))).toEqual(pages.flat());
        expect(requests).toHaveLength(pages.length);
      }),
    );
  });

  test("keeps the filters and the limit, and follows the cursors", async () => {
    const { client, requests } = clientOf(pagesOf([["a"], ["b"], ["c"]]));
    const usageType = ["DirectNumber", "MainCompanyNumber"] as const;
    const params = { query: { usageType: [...usageType], limit: 2 } };
    await collect(client.pages(LIST, { params }));
    const filters = { usageType: "DirectNumber,MainCompanyNumber", limit: "2" };
    expect(requests.map(query)).toEqual([
      filters,
      { ...filters, cursor: "c1" },
      { ...filters, cursor: "c2" },
    ]);
  });

  test("continues from a cursor that the app stored", async () => {
    const { client, requests } = clientOf(pagesOf([["z"]]));
    expect(await collect(client.items(LIST, { params: { query: { cursor: "kept" } } }))).toEqual(["z"]);
    expect(requests.map(query)).toEqual([{ cursor: "kept" }]);
  });

  test("requests only pages that are read", async () => {
    const { client, requests } = clientOf(pagesOf([["a", "b"], ["c"]]));
    for await (const item of client.items(LIST)) {
      expect(item).toBe("a");
      break;
    }
    expect(requests).toHaveLength(1);
  });

  test("escapes ids in the path", async () => {
    const { client, requests } = clientOf(pagesOf([[]]));
    const params = { path: { extensionId: "../../x?y" } };
    await collect(client.items("/v1/extensions/{extensionId}/forwarding-numbers", { params }));
    expect(new URL(requests[0]?.url ?? "").pathname).toBe(
      "/v1/extensions/..%2F..%2Fx%3Fy/forwarding-numbers",
    );
  });

  test("throws the problem of a page that fails, after the items before it", async () => {
    const [first] = pagesOf([["a"], []]);
    const { client } = clientOf([first ?? (() => json({})), () => problem(410, "cursor_expired")]);
    const seen: unknown[] = [];
    const readAll = async () => {
      for await (const item of client.items(LIST)) seen.push(item);
    };
    await expect(readAll()).rejects.toSatisfy((error) => isProblem(error, "cursor_expired"));
    expect(seen).toEqual(["a"]);
  });
});
