import { getCallerBlockingRoute } from "../../lib/contract/routes/get-caller-blocking.ts";
import { defineHandler } from "../../lib/http/handler.ts";
import { getCallerBlocking } from "../../lib/numbers/caller-blocking-settings.ts";
import { runtime } from "../../lib/runtime.ts";

export const handler = defineHandler(getCallerBlockingRoute, (request) =>
  getCallerBlocking(runtime().for(request), request),
);
