import { updateForwardingNumberRoute } from "../../lib/contract/forwarding-numbers.ts";
import { updateForwardingNumber } from "../../lib/numbers/write-forwarding-numbers.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(updateForwardingNumberRoute, updateForwardingNumber);
