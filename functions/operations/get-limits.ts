import { getLimitsRoute } from "../../lib/contract/limits.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";
import { getLimits } from "../../lib/runtime/get-limits.ts";

export const handler = defineFunction(getLimitsRoute, getLimits);
