import { listCompanyNumbersRoute } from "../../lib/contract/company-numbers.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";
import { listNumbers } from "../../lib/sync/list-company-numbers.ts";

export const handler = defineFunction(listCompanyNumbersRoute, listNumbers);
