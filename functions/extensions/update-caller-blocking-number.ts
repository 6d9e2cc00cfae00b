import { updateCallerBlockingNumberRoute } from "../../lib/contract/routes/update-caller-blocking-number.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { updateCallerBlockingNumber } from "../../lib/numbers/caller-blocking-entries.ts";

export const handler = defineFunction(updateCallerBlockingNumberRoute, updateCallerBlockingNumber);
