import { type Send, withHeader } from "./send.ts";

interface Kept {
  tag: string;
  headers: [name: string, value: string][];
  body: string;
}

/** Of the body as it was sent, not as it is kept. */
const BODY_HEADERS = ["content-encoding", "content-length"];

/**
 * With this tag. For a request with `If-None-Match`, Chromium's fetch adds `Cache-Control: max-age=0` and Node's `no-cache`, which
 * ask the API for a live read of RingCentral: `max-stale`, which asks for nothing, keeps both from it.
 */
function ifChanged(request: Request, tag: string): Request {
  const conditional = withHeader(request, "If-None-Match", tag);
  const { cache = "default", headers } = conditional;
  if (cache === "default" && !headers.has("Cache-Control")) headers.set("Cache-Control", "max-stale");
  return conditional;
}

/**
 * Keeps the last responses to reads in memory, and sends their `ETag`: an unchanged one comes as a 304 without a body, and
 * the caller gets the kept response. A tag is over the content, so a 304 is right also when another user has signed in.
 * Requests with `cache: "no-store"`, `Cache-Control: no-store` or an `If-None-Match` of the app's pass.
 * @param maxKept the least recently used response beyond it is dropped
 */
export function withTagCache(send: Send, maxKept: number): Send {
  const kept = new Map<string, Kept>();

  function keep(url: string, response: Kept): void {
    kept.delete(url);
    kept.set(url, response);
    for (const oldest of kept.keys()) if (kept.size > maxKept) kept.delete(oldest);
  }

  return async (request) => {
    const { method, cache, headers, url } = request;
    const isPassed = cache === "no-store" || headers.get("Cache-Control") === "no-store";
    const own = headers.get("If-None-Match");
    if (method !== "GET" || isPassed) return send(request);
    if (own !== null) return send(ifChanged(request, own));
    const known = kept.get(url);
    const response = await send(known ? ifChanged(request, known.tag) : request);
    if (response.status === 304 && known !== undefined) {
      keep(url, known);
      const current = new Headers(known.headers);
      for (const [name, value] of response.headers) current.set(name, value);
      return new Response(known.body, { status: 200, headers: current });
    }
    const tag = response.headers.get("ETag");
    if (response.status !== 200 || tag === null) return response;
    const kindOfBody = [...response.headers].filter(([name]) => !BODY_HEADERS.includes(name));
    keep(url, { tag, headers: kindOfBody, body: await response.clone().text() });
    return response;
  };
}
