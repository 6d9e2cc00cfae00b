import { getForwardingNumberRoute } from "../../lib/contract/forwarding-numbers.ts";
import { getForwardingNumber } from "../../lib/numbers/forwarding-numbers.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(getForwardingNumberRoute, getForwardingNumber);
