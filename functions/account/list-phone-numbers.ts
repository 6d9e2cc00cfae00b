import { listCompanyNumbersRoute } from "../../lib/contract/routes/list-company-numbers.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { listCompanyNumbers } from "../../lib/numbers/company-numbers.ts";

export const handler = defineFunction(listCompanyNumbersRoute, listCompanyNumbers);
