import { headerOf, type ReceivedRequest } from "./received-request.ts";
import type { HttpResponse } from "./response.ts";

const exposed = [
  "RCRequestId",
  "RoutingKey",
  "Retry-After",
  "X-Rate-Limit-Group",
  "X-Rate-Limit-Limit",
  "X-Rate-Limit-Remaining",
  "X-Rate-Limit-Window",
  "Discovery-Required",
  "Discovery-Tag",
];

/** The headers that let a page of any origin read a response. RingCentral documents none of them [unsure]. */
export function crossOriginHeaders(request: ReceivedRequest): Record<string, string> {
  const origin = headerOf(request, "origin");
  if (origin === undefined) return {};
  return {
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": exposed.join(", "),
    Vary: "Origin",
  };
}

/** The response to OPTIONS, of a browser before its call or of anybody: without a token, and in no budget. */
export function optionsResponse(request: ReceivedRequest, methods: readonly string[]): HttpResponse {
  const allowed = methods.join(", ");
  if (headerOf(request, "access-control-request-method") === undefined) {
    return { status: 200, headers: { Allow: allowed } };
  }
  const requested = headerOf(request, "access-control-request-headers");
  return {
    status: 200,
    headers: {
      ...crossOriginHeaders(request),
      "Access-Control-Allow-Methods": allowed,
      ...(requested !== undefined && { "Access-Control-Allow-Headers": requested }),
      "Access-Control-Max-Age": "600",
    },
  };
}
