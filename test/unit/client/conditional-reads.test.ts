import { expect, test } from "vitest";
import { createClient } from "../../../lib/client/src/index.ts";
import { startLoopback } from "../../support/loopback.ts";

const PATH = "/v1/account/phone-numbers";

test("a conditional read asks for no live read, which fetch would do, unless the app does", async () => {
  const { origin, received } = await startLoopback((_, response) => {
    response.setHeader("content-type", "application/json");
    response.setHeader("etag", '"1"');
    response.end('{"data":[],"page":{"limit":100,"hasMore":false},"meta":{}}');
  });
  const client = createClient({ baseUrl: origin, accessToken: "token-1" });
  await client.GET(PATH);
  await client.GET(PATH);
  await client.GET(PATH, { headers: { "If-None-Match": '"own"' } });
  await client.GET(PATH, { headers: { "Cache-Control": "no-cache" } });
  await client.GET(PATH, { cache: "no-cache" });
  const sent = received.map(({ headers }) => [headers["if-none-match"], headers["cache-control"]]);
  expect(sent).toEqual([
    [undefined, undefined],
    ['"1"', "max-stale"],
    ['"own"', "max-stale"],
    ['"1"', "no-cache"],
    ['"1"', "max-age=0"],
  ]);
});
