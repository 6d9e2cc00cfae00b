import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { getJson } from "../../../lib/platform/get-json.ts";

const limits = { timeoutMs: 2_000, maxBytes: 100 };
const undo: (() => void)[] = [];
afterEach(() => {
  for (const close of undo.splice(0)) close();
});

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/document?key=secret`);
}

describe("a JSON document", () => {
  test("is read, in any number of pieces", async () => {
    const url = await serve((_, response) => {
      response.write('{"keys": ["');
      setImmediate(() => response.end('ü"]}'));
    });
    expect(await getJson(url, limits)).toEqual({ keys: ["ü"] });
  });

  test.each<[string, RequestListener, RegExp]>([
    ["another status", (_, response) => response.writeHead(404).end("{}"), /^HTTP 404$/],
    ["a redirect", (_, response) => response.writeHead(302, { location: "/other" }).end(), /^HTTP 302$/],
    ["no JSON", (_, response) => response.end("<html>"), /JSON/],
    ["too much of it", (_, response) => response.end("9".repeat(101)), /more than 100 bytes/],
    [
      "half of it",
      (request, response) => {
        response.writeHead(200, { "content-length": 50 }).write("{");
        setImmediate(() => request.socket.destroy());
      },
      /aborted|terminated|reset/i,
    ],
  ])("is rejected: %s", async (_, listener, message) => {
    const url = await serve(listener);
    const failure = await getJson(url, limits).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(String((failure as Error).message)).toMatch(message);
    expect(String(failure)).not.toContain("secret");
  });

  test("is not waited for longer than the time limit", async () => {
    const url = await serve(() => {});
    await expect(getJson(url, { ...limits, timeoutMs: 20 })).rejects.toThrow(/abort|timeout/i);
  });

  test("is missing where no server responds", async () => {
    await expect(getJson(new URL("http://127.0.0.1:9/"), limits)).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
  });
});
