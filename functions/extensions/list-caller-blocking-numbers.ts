import { listCallerBlockingNumbersRoute } from "../../lib/contract/routes/list-caller-blocking-numbers.ts";
import { defineHandler } from "../../lib/http/handler.ts";
import { listCallerBlockingNumbers } from "../../lib/numbers/caller-blocking.ts";
import { runtime } from "../../lib/runtime.ts";

export const handler = defineHandler(listCallerBlockingNumbersRoute, (request) =>
  listCallerBlockingNumbers(runtime().for(request), request),
);
