import { listCompanyNumbersRoute } from "../../lib/contract/routes/list-company-numbers.ts";
import { defineHandler } from "../../lib/http/handler.ts";
import { listCompanyNumbers } from "../../lib/numbers/company-numbers.ts";
import { runtime } from "../../lib/runtime.ts";

export const handler = defineHandler(listCompanyNumbersRoute, (request) =>
  listCompanyNumbers(runtime().for(request), request),
);
