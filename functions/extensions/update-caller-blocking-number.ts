import { updateCallerBlockingNumberRoute } from "../../lib/contract/routes/update-caller-blocking-number.ts";
import { defineHandler } from "../../lib/http/handler.ts";
import { updateCallerBlockingNumber } from "../../lib/numbers/caller-blocking-entries.ts";
import { runtime } from "../../lib/runtime.ts";

export const handler = defineHandler(updateCallerBlockingNumberRoute, (request) =>
  updateCallerBlockingNumber(runtime().for(request), request),
);
