import { getOverviewRoute } from "../../lib/contract/overview.ts";
import { getOverview } from "../../lib/numbers/overview.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";

export const handler = defineFunction(getOverviewRoute, getOverview);
