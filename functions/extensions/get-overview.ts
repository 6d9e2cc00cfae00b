import { getOverviewRoute } from "../../lib/contract/routes/get-overview.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { getOverview } from "../../lib/overview/get-overview.ts";

export const handler = defineFunction(getOverviewRoute, getOverview);
