import { listBlockedNumbersRoute } from "../../lib/contract/routes/list-blocked-numbers.ts";
import { defineHandler } from "../../lib/http/handler.ts";
import { listBlockedNumbers } from "../../lib/numbers/blocked-numbers.ts";
import { runtime } from "../../lib/runtime.ts";

export const handler = defineHandler(listBlockedNumbersRoute, (request) =>
  listBlockedNumbers(runtime().for(request), request),
);
