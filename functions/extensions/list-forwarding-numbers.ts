import { listForwardingNumbersRoute } from "../../lib/contract/routes/list-forwarding-numbers.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { listForwardingNumbers } from "../../lib/numbers/forwarding-numbers.ts";

export const handler = defineFunction(listForwardingNumbersRoute, listForwardingNumbers);
