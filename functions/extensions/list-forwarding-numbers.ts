import { listForwardingNumbersRoute } from "../../lib/contract/forwarding-numbers.ts";
import { listForwardingNumbers } from "../../lib/numbers/forwarding/read.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(listForwardingNumbersRoute, listForwardingNumbers);
