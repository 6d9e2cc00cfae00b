import { updateForwardingNumberRoute } from "../../lib/contract/forwarding-numbers.ts";
import { updateForwardingNumber } from "../../lib/numbers/forwarding/write.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(updateForwardingNumberRoute, updateForwardingNumber);
