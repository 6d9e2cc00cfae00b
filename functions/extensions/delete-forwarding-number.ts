import { deleteForwardingNumberRoute } from "../../lib/contract/routes/delete-forwarding-number.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { deleteForwardingNumber } from "../../lib/numbers/forwarding-number-writes.ts";

export const handler = defineFunction(deleteForwardingNumberRoute, deleteForwardingNumber);
