import { updateCallerBlockingNumberRoute } from "../../lib/contract/caller-blocking.ts";
import { updateCallerBlockingNumber } from "../../lib/numbers/write-caller-blocking.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(updateCallerBlockingNumberRoute, updateCallerBlockingNumber);
