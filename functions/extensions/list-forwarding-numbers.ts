import { listForwardingNumbersRoute } from "../../lib/contract/routes/list-forwarding-numbers.ts";
import { defineHandler } from "../../lib/http/handler.ts";
import { listForwardingNumbers } from "../../lib/numbers/forwarding-numbers.ts";
import { runtime } from "../../lib/runtime.ts";

export const handler = defineHandler(listForwardingNumbersRoute, (request) =>
  listForwardingNumbers(runtime().for(request), request),
);
