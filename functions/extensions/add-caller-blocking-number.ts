import { addCallerBlockingNumberRoute } from "../../lib/contract/caller-blocking.ts";
import { addCallerBlockingNumber } from "../../lib/numbers/write-caller-blocking.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(addCallerBlockingNumberRoute, addCallerBlockingNumber);
