import { listCompanyNumbersRoute } from "../../lib/contract/company-numbers.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";
import { listCompanyNumbers } from "../../lib/sync/list-company-numbers.ts";

export const handler = defineFunction(listCompanyNumbersRoute, listCompanyNumbers);
