import { addCallerBlockingNumberRoute } from "../../lib/contract/routes/add-caller-blocking-number.ts";
import { defineHandler } from "../../lib/http/handler.ts";
import { addCallerBlockingNumber } from "../../lib/numbers/caller-blocking-entries.ts";
import { runtime } from "../../lib/runtime.ts";

export const handler = defineHandler(addCallerBlockingNumberRoute, (request) =>
  addCallerBlockingNumber(runtime().for(request), request),
);
