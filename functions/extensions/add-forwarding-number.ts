import { addForwardingNumberRoute } from "../../lib/contract/forwarding-numbers.ts";
import { addForwardingNumber } from "../../lib/numbers/forwarding/write.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(addForwardingNumberRoute, addForwardingNumber);
