import { deleteForwardingNumberRoute } from "../../lib/contract/routes/delete-forwarding-number.ts";
import { defineHandler } from "../../lib/http/handler.ts";
import { deleteForwardingNumber } from "../../lib/numbers/forwarding-numbers.ts";
import { runtime } from "../../lib/runtime.ts";

export const handler = defineHandler(deleteForwardingNumberRoute, (request) =>
  deleteForwardingNumber(runtime().for(request), request),
);
