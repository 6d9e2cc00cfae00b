import * as z from "zod/mini";
import { defineRoute } from "../route.ts";

export const getConsoleRoute = defineRoute({
  operationId: "getConsole",
  method: "GET",
  path: "/console",
  tag: "Operations",
  summary: "The operators' console",
  description:
    "For operators: what the API tells of budgets and the sync. The page holds nothing itself; it asks with a token.",
  parameters: z.strictObject({}),
  query: z.strictObject({}),
  answer: { kind: "page", description: "A page that asks the API." },
  problems: [],
});
