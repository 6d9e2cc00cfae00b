import { addForwardingNumberRoute } from "../../lib/contract/routes/add-forwarding-number.ts";
import { defineHandler } from "../../lib/http/handler.ts";
import { addForwardingNumber } from "../../lib/numbers/forwarding-numbers.ts";
import { runtime } from "../../lib/runtime.ts";

export const handler = defineHandler(addForwardingNumberRoute, (request) =>
  addForwardingNumber(runtime().for(request), request),
);
