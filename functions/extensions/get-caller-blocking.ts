import { getCallerBlockingRoute } from "../../lib/contract/routes/get-caller-blocking.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { getCallerBlocking } from "../../lib/numbers/caller-blocking-settings.ts";

export const handler = defineFunction(getCallerBlockingRoute, getCallerBlocking);
