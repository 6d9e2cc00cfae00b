import { getCallerBlockingRoute } from "../../lib/contract/caller-blocking.ts";
import { getCallerBlocking } from "../../lib/numbers/caller-blocking.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(getCallerBlockingRoute, getCallerBlocking);
