import { deleteCallerBlockingNumberRoute } from "../../lib/contract/routes/delete-caller-blocking-number.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { deleteCallerBlockingNumber } from "../../lib/numbers/caller-blocking-entries.ts";

export const handler = defineFunction(deleteCallerBlockingNumberRoute, deleteCallerBlockingNumber);
