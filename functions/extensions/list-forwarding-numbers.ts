import { listForwardingNumbersRoute } from "../../lib/contract/forwarding-numbers.ts";
import { listForwardingNumbers } from "../../lib/numbers/forwarding-numbers.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(listForwardingNumbersRoute, listForwardingNumbers);
