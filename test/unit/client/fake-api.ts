import { type ClientOptions, createClient } from "../../../lib/client/src/index.ts";

export type Responder = (request: Request) => Response | Promise<Response>;

export const json = (body: unknown, headers: Record<string, string> = {}, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });

export function problem(status: number, code: string, more: Record<string, unknown> = {}) {
  const { retryAfter } = more;
  const headers = {
    "Content-Type": "application/problem+json",
    "X-Request-Id": "req-1",
    ...(retryAfter !== undefined && { "Retry-After": String(retryAfter) }),
  };
  const body = { type: `/docs/errors#${code}`, title: "A title", detail: "What to do.", instance: "req-1" };
  return new Response(JSON.stringify({ ...body, status, code, retryable: false, ...more }), {
    status,
    headers,
  });
}

export const lostConnection: Responder = () => Promise.reject(new TypeError("fetch failed"));

/** A client whose requests get the given responses in turn, and whose waits are recorded instead of made. */
export function clientOf(responders: Responder[], options: Partial<ClientOptions> = {}) {
  const requests: Request[] = [];
  const pausesMs: number[] = [];
  const client = createClient({
    baseUrl: "https://api.example",
    accessToken: "token-1",
    ...options,
    retries:
      options.retries === false
        ? false
        : {
            random: () => 0.5,
            sleep: async (ms, signal) => {
              pausesMs.push(ms);
              if (signal.aborted) throw new Error("aborted");
            },
            ...options.retries,
          },
    fetch: async (request) => {
      requests.push(request);
      const respond = responders.shift();
      if (respond === undefined) throw new Error(`unexpected request: ${request.method} ${request.url}`);
      return respond(request);
    },
  });
  return { client, requests, pausesMs };
}
