import { deleteBlockedNumberRoute } from "../../lib/contract/blocked-numbers.ts";
import { deleteBlockedNumber } from "../../lib/numbers/write-blocked-numbers.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(deleteBlockedNumberRoute, deleteBlockedNumber);
