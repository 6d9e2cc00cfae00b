import { getLimitsRoute } from "../../lib/contract/routes/get-limits.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { getLimits } from "../../lib/ops/limits.ts";

export const handler = defineFunction(getLimitsRoute, getLimits);
