import { type HttpResponse, Rejection } from "../edge/response.ts";
import { gatewayError, restError } from "./errors.ts";
import type { PlatformSettings } from "./platform-options.ts";

const page = "<!doctype html><html><head><title>404</title></head><body><h1>Not Found</h1></body></html>";

const bare = (status: number, body?: string): HttpResponse => ({
  status,
  headers: body === undefined ? {} : { "Content-Type": "text/html" },
  ...(body !== undefined && { body }),
});

/**
 * The rejection of a path that is not routed. Each spelling is that of some server of the platform [observed] [unsure].
 */
export function unrouted(spelling: PlatformSettings["unroutedAs"]): Rejection {
  switch (spelling) {
    case "AGW-404":
      return gatewayError(404, "AGW-404", "Not Found");
    case "CMN-120":
      return restError(404, "CMN-120", "Invalid URI");
    case "empty-404":
      return new Rejection(bare(404));
    case "html-404":
      return new Rejection(bare(404, page));
    case "405":
      return restError(405, "CMN-202", "Method Not Allowed");
    case "410":
      return restError(410, "CMN-202", "The resource is no longer available");
    case "501":
      return restError(501, "CMN-202", "Operation is not supported");
  }
}
