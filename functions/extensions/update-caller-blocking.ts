import { updateCallerBlockingRoute } from "../../lib/contract/routes/update-caller-blocking.ts";
import { defineHandler } from "../../lib/http/handler.ts";
import { updateCallerBlocking } from "../../lib/numbers/caller-blocking-settings.ts";
import { runtime } from "../../lib/runtime.ts";

export const handler = defineHandler(updateCallerBlockingRoute, (request) =>
  updateCallerBlocking(runtime().for(request), request),
);
