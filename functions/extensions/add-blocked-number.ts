import { addBlockedNumberRoute } from "../../lib/contract/routes/add-blocked-number.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { addBlockedNumber } from "../../lib/numbers/add-blocked-number.ts";

export const handler = defineFunction(addBlockedNumberRoute, addBlockedNumber);
