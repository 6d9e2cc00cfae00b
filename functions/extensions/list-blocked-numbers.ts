import { listBlockedNumbersRoute } from "../../lib/contract/routes/list-blocked-numbers.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { listBlockedNumbers } from "../../lib/numbers/blocked-numbers.ts";

export const handler = defineFunction(listBlockedNumbersRoute, listBlockedNumbers);
