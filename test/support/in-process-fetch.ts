import type { Route } from "../../lib/contract/route.ts";
import { apiRoutes, callRoute } from "./handlers.ts";

const patterns = apiRoutes.map((route) => ({
  route,
  pattern: new RegExp(`^${route.path.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`),
}));

/** The route of a request as API Gateway finds it: one without parameters goes first. */
function routeOf(method: string, pathname: string): { route: Route; path: Record<string, string> } {
  const fits = patterns.filter(({ route, pattern }) => route.method === method && pattern.test(pathname));
  const [found] = fits.sort(
    (one, other) => one.route.path.split("{").length - other.route.path.split("{").length,
  );
  if (found === undefined) throw new Error(`no route of ${method} ${pathname}`);
  const groups = Object.entries(found.pattern.exec(pathname)?.groups ?? {});
  return {
    route: found.route,
    path: Object.fromEntries(groups.map(([name, value]) => [name, decodeURIComponent(value)])),
  };
}

/** A `fetch` that calls the handlers in this process. */
export async function inProcessFetch(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const { route, path } = routeOf(request.method, pathname);
  const text = await request.text();
  const { status, headers, body } = await callRoute(route, {
    path,
    query: search.slice(1),
    headers: Object.fromEntries(request.headers),
    ...(text !== "" && { body: text }),
  });
  return new Response(body === undefined ? null : JSON.stringify(body), { status, headers });
}
