import { getBlockedNumberRoute } from "../../lib/contract/blocked-numbers.ts";
import { getBlockedNumber } from "../../lib/numbers/blocked-numbers.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(getBlockedNumberRoute, getBlockedNumber);
