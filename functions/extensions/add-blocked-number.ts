import { addBlockedNumberRoute } from "../../lib/contract/routes/add-blocked-number.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { addBlockedNumber } from "../../lib/numbers/blocked-numbers.ts";

export const handler = defineFunction(addBlockedNumberRoute, addBlockedNumber);
