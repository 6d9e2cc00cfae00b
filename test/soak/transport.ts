import type { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import type { HttpRequest, HttpResponse, Transport } from "../../lib/ringcentral/http/transport.ts";
import type { createInProcessTwin } from "../twin/twin.ts";

type Serve = ReturnType<typeof createInProcessTwin>["serve"];

/**
 * RingCentral in this process: the client's transport, and the `fetch` of the sign-in.
 * @param Failure the class that the client's own copy of the modules knows
 */
export function connectTwin(
  serve: Serve,
  Failure: typeof RingCentralError,
): { transport: Transport; fetch: typeof fetch } {
  const send = async (request: Pick<HttpRequest, "method" | "url" | "body" | "headers">) => {
    const { method, url, body = "", headers } = request;
    const length = { "content-length": String(Buffer.byteLength(body)) };
    return serve({
      method,
      path: url.pathname,
      query: url.searchParams,
      headers: { ...headers, ...length },
      body,
    });
  };
  return {
    transport: {
      async send(request): Promise<HttpResponse> {
        const ending = await send(request);
        const failure = { operation: request.operation, mayHaveTakenEffect: true };
        if (ending.kind === "hang") throw new Failure({ ...failure, kind: "timeout" });
        if (ending.kind !== "response") throw new Failure({ ...failure, kind: "bad_response" });
        const { status, headers = {}, body = "" } = ending.response;
        const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
        return { status, headers: Object.fromEntries(lower), body };
      },
    },
    async fetch(input, init = {}) {
      const { method, url, headers } = new Request(input, init);
      const ending = await send({
        method: method === "POST" ? "POST" : "GET",
        url: new URL(url),
        headers: Object.fromEntries(headers),
        body: String(init.body ?? ""),
      });
      if (ending.kind !== "response") throw new TypeError("fetch failed");
      const { status, headers: given = {}, body } = ending.response;
      return new Response(body ?? null, {
        status,
        headers: Object.entries(given).map(([n, v]) => [n, String(v)]),
      });
    },
  };
}
