import { addForwardingNumberRoute } from "../../lib/contract/routes/add-forwarding-number.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { addForwardingNumber } from "../../lib/numbers/forwarding-number-writes.ts";

export const handler = defineFunction(addForwardingNumberRoute, addForwardingNumber);
