import type { Route } from "../contract/route.ts";
import { createHandler } from "../http/handler.ts";
import type { ApiHandler } from "../http/middleware-stack.ts";
import type { Outcome, RouteRequest } from "../http/request.ts";
import { type AccountRuntime, runtime } from "./runtime.ts";

/**
 * A Lambda handler from the route's declaration, the use case and this process's runtime. The runtime is made on the
 * first request, so that a wrong setting is reported as a problem instead of a crash.
 */
export function defineFunction<R extends Route>(
  route: R,
  useCase: (deps: AccountRuntime, request: RouteRequest<R>) => Promise<Outcome<R>>,
): ApiHandler {
  return createHandler(route, (request) => useCase(runtime().for(request), request), runtime);
}
