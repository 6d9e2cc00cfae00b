import { listNumberChangesRoute } from "../../lib/contract/company-numbers.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";
import { listNumberChanges } from "../../lib/sync/list-number-changes.ts";

export const handler = defineFunction(listNumberChangesRoute, listNumberChanges);
