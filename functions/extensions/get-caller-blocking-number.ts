import { getCallerBlockingNumberRoute } from "../../lib/contract/caller-blocking.ts";
import { getCallerBlockingNumber } from "../../lib/numbers/caller-blocking.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(getCallerBlockingNumberRoute, getCallerBlockingNumber);
