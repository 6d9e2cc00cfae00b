import { updateForwardingNumberRoute } from "../../lib/contract/routes/update-forwarding-number.ts";
import { defineHandler } from "../../lib/http/handler.ts";
import { updateForwardingNumber } from "../../lib/numbers/forwarding-numbers.ts";
import { runtime } from "../../lib/runtime.ts";

export const handler = defineHandler(updateForwardingNumberRoute, (request) =>
  updateForwardingNumber(runtime().for(request), request),
);
