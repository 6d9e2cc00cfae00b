import { listNumberChangesRoute } from "../../lib/contract/company-numbers.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";
import { listChanges } from "../../lib/sync/list-number-changes.ts";

export const handler = defineFunction(listNumberChangesRoute, listChanges);
