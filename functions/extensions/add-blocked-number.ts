import { addBlockedNumberRoute } from "../../lib/contract/routes/add-blocked-number.ts";
import { defineHandler } from "../../lib/http/handler.ts";
import { addBlockedNumber } from "../../lib/numbers/blocked-numbers.ts";
import { runtime } from "../../lib/runtime.ts";

export const handler = defineHandler(addBlockedNumberRoute, (request) =>
  addBlockedNumber(runtime().for(request), request),
);
