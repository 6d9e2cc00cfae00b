import { addBlockedNumberRoute } from "../../lib/contract/blocked-numbers.ts";
import { addBlockedNumber } from "../../lib/numbers/write-blocked-numbers.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(addBlockedNumberRoute, addBlockedNumber);
