import { updateCallerBlockingRoute } from "../../lib/contract/caller-blocking.ts";
import { updateCallerBlocking } from "../../lib/numbers/write-caller-blocking.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(updateCallerBlockingRoute, updateCallerBlocking);
