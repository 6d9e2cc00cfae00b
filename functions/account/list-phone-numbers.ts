import { listCompanyNumbersRoute } from "../../lib/contract/routes/list-company-numbers.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { listNumbers } from "../../lib/sync/list-numbers.ts";

export const handler = defineFunction(listCompanyNumbersRoute, listNumbers);
