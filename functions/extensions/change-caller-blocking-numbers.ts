import { changeCallerBlockingNumbersRoute } from "../../lib/contract/caller-blocking-batch.ts";
import { changeCallerBlockingNumbers } from "../../lib/numbers/batch/change.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(changeCallerBlockingNumbersRoute, changeCallerBlockingNumbers);
