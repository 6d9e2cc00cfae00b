import { addBlockedNumberRoute } from "../../lib/contract/blocked-numbers.ts";
import { addBlockedNumber } from "../../lib/numbers/add-blocked-number.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(addBlockedNumberRoute, addBlockedNumber);
