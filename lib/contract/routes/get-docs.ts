import * as z from "zod/mini";
import { defineRoute } from "../route.ts";

export const getDocsRoute = defineRoute({
  operationId: "getDocs",
  method: "GET",
  path: "/docs",
  tag: "Operations",
  summary: "The API reference",
  description: "For people: every operation, with a form to try it.",
  parameters: z.strictObject({}),
  query: z.strictObject({}),
  answer: { kind: "page", description: "A page that reads `/openapi.json`." },
  problems: [],
});
