import { listCallerBlockingNumbersRoute } from "../../lib/contract/caller-blocking.ts";
import { listCallerBlockingNumbers } from "../../lib/numbers/caller-blocking.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(listCallerBlockingNumbersRoute, listCallerBlockingNumbers);
