import { getForwardingNumberRoute } from "../../lib/contract/forwarding-numbers.ts";
import { getForwardingNumber } from "../../lib/numbers/forwarding/read.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(getForwardingNumberRoute, getForwardingNumber);
