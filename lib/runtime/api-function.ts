import type { Route } from "../contract/route.ts";
import { createHandler } from "../http/handler.ts";
import type { ApiHandler } from "../http/middleware-stack.ts";
import type { Outcome, RouteRequest } from "../http/request.ts";
import { createTableWait, limitedRecords, readOnly } from "../storage/table-wait.ts";
import type { AccountRuntime } from "./account-runtime.ts";
import { runtime } from "./runtime.ts";

/**
 * A Lambda handler from the route's declaration, the use case and this process's runtime. The runtime is made on the
 * first request, so that a wrong setting is reported as a problem instead of a crash.
 */
export function defineFunction<R extends Route>(
  route: R,
  useCase: (deps: AccountRuntime, request: RouteRequest<R>) => Promise<Outcome<R>>,
): ApiHandler {
  const handle = (request: RouteRequest<R>) => {
    const { records, ...account } = runtime().for(request);
    const { tableWait = createTableWait(account.clock), isRehearsal } = request.call;
    const limited = limitedRecords(records, tableWait);
    return useCase({ ...account, records: isRehearsal ? readOnly(limited) : limited }, request);
  };
  return createHandler(route, handle, runtime);
}
