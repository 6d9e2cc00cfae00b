import type { ReceivedRequest } from "../edge/received-request.ts";
import type { Settings } from "../options.ts";
import { restError } from "./errors.ts";
import type { Route } from "./route.ts";
import { routes } from "./routes.ts";
import { unrouted } from "./unrouted.ts";

/** A call found in the route table. */
export interface Match {
  route: Route;
  params: Record<string, string>;
}

/**
 * Finds the call a path and method name.
 * @throws Rejection CMN-120 for a malformed path, AGW-404 for an unknown path, CMN-202 for a method it lacks
 */
export function matchRoute(request: ReceivedRequest, method: string, settings: Settings): Match {
  const found = findPath(request, settings);
  const match = found.find(({ route }) => route.method === method);
  if (match === undefined) throw restError(501, "CMN-202", "Operation is not supported");
  return match;
}

/**
 * The methods of a path.
 * @throws Rejection for a path that is not routed
 */
export function methodsOf(request: ReceivedRequest, settings: Settings): string[] {
  return findPath(request, settings).map(({ route }) => route.method);
}

/** @throws Rejection when no call has that path */
function findPath(request: ReceivedRequest, settings: Settings): Match[] {
  const path = decode(request.path);
  const found = routes.flatMap((route) => {
    const params = route.pattern.exec(path);
    const isGone = route.legacyBlocked && !settings.legacyBlockedNumbers;
    return params === null || isGone ? [] : [{ route, params: { ...params.groups } }];
  });
  if (found.length === 0) throw unrouted(settings.unroutedAs);
  return found;
}

/** Segments are decoded before they are matched, so that `%2C` is the comma of a bulk call. */
function decode(path: string): string {
  const invalid = restError(404, "CMN-120", "Invalid URI");
  if (path.includes("//")) throw invalid;
  try {
    return path.split("/").map(decodeURIComponent).join("/");
  } catch {
    throw invalid;
  }
}
