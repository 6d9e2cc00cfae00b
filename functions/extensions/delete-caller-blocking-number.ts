import { deleteCallerBlockingNumberRoute } from "../../lib/contract/routes/delete-caller-blocking-number.ts";
import { defineHandler } from "../../lib/http/handler.ts";
import { deleteCallerBlockingNumber } from "../../lib/numbers/caller-blocking-entries.ts";
import { runtime } from "../../lib/runtime.ts";

export const handler = defineHandler(deleteCallerBlockingNumberRoute, (request) =>
  deleteCallerBlockingNumber(runtime().for(request), request),
);
