import { updateCallerBlockingRoute } from "../../lib/contract/routes/update-caller-blocking.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { updateCallerBlocking } from "../../lib/numbers/caller-blocking-settings.ts";

export const handler = defineFunction(updateCallerBlockingRoute, updateCallerBlocking);
