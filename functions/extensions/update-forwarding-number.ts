import { updateForwardingNumberRoute } from "../../lib/contract/routes/update-forwarding-number.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { updateForwardingNumber } from "../../lib/numbers/forwarding-number-writes.ts";

export const handler = defineFunction(updateForwardingNumberRoute, updateForwardingNumber);
