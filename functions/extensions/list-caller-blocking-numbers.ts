import { listCallerBlockingNumbersRoute } from "../../lib/contract/routes/list-caller-blocking-numbers.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { listCallerBlockingNumbers } from "../../lib/numbers/caller-blocking.ts";

export const handler = defineFunction(listCallerBlockingNumbersRoute, listCallerBlockingNumbers);
