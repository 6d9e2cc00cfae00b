import { deleteForwardingNumberRoute } from "../../lib/contract/forwarding-numbers.ts";
import { deleteForwardingNumber } from "../../lib/numbers/forwarding/write.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(deleteForwardingNumberRoute, deleteForwardingNumber);
