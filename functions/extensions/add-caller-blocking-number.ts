import { addCallerBlockingNumberRoute } from "../../lib/contract/routes/add-caller-blocking-number.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { addCallerBlockingNumber } from "../../lib/numbers/caller-blocking-entries.ts";

export const handler = defineFunction(addCallerBlockingNumberRoute, addCallerBlockingNumber);
