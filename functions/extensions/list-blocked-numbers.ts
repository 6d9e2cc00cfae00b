import { listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import { listBlockedNumbers } from "../../lib/numbers/blocked-numbers.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(listBlockedNumbersRoute, listBlockedNumbers);
