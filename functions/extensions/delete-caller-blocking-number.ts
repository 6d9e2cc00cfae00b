import { deleteCallerBlockingNumberRoute } from "../../lib/contract/caller-blocking.ts";
import { deleteCallerBlockingNumber } from "../../lib/numbers/write-caller-blocking.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(deleteCallerBlockingNumberRoute, deleteCallerBlockingNumber);
