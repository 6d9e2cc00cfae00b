import type { Route } from "../contract/route.ts";
import { gzip } from "../platform/compression.ts";
import { type EdgeRequest, header, type Middleware } from "./invocation.ts";
import { vary } from "./response.ts";

/** A shorter body would gain less than a packet. */
const WORTHWHILE_BYTES = 1_400;

/** Whether an `Accept-Encoding` takes gzip (RFC 9110, 12.5.3). */
export const acceptsGzip = (acceptEncoding = "") =>
  /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(acceptEncoding);

/**
 * Compresses long JSON when the caller accepts it: API Gateway's HTTP APIs do not. Two encodings may not share a strong
 * tag (RFC 9110, 8.8.3), so the tag becomes weak. An item, whose strong tag `If-Match` needs, stays as it is.
 */
export function contentEncoding({ response: { kind } }: Route): Middleware {
  const isItem = kind === "item" || kind === "created";
  return {
    after: async ({ event, response }: EdgeRequest) => {
      const { body = "", headers = {} } = response ?? {};
      const { etag = "" } = headers;
      const isFixed = headers["content-type"] !== "application/json" || (isItem && etag.startsWith('"'));
      if (!response || isFixed || body.length < WORTHWHILE_BYTES) return;
      vary(headers, "Accept-Encoding");
      const isHead = event.requestContext.http.method === "HEAD";
      if (isHead || !acceptsGzip(header(event, "accept-encoding"))) return;
      headers["content-encoding"] = "gzip";
      if (etag.startsWith('"')) headers.etag = `W/${etag}`;
      response.body = (await gzip(body)).toString("base64");
      response.isBase64Encoded = true;
    },
  };
}
