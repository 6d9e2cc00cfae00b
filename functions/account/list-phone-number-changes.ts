import { listNumberChangesRoute } from "../../lib/contract/routes/list-number-changes.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { listChanges } from "../../lib/sync/list-changes.ts";

export const handler = defineFunction(listNumberChangesRoute, listChanges);
