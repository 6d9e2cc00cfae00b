import * as z from "zod/mini";
import { Limits } from "../resources/limits.ts";
import { defineRoute } from "../route.ts";

export const getLimitsRoute = defineRoute({
  operationId: "getLimits",
  method: "GET",
  path: "/v1/limits",
  scope: "ops:read",
  tag: "Operations",
  summary: "What is left of each RingCentral budget",
  description:
    "The budgets the whole fleet shares, their gates, who spent them, and the age of the access token.",
  parameters: z.strictObject({}),
  query: z.strictObject({}),
  answer: { kind: "item", description: "The limits as they are now.", data: Limits },
  problems: [],
});
