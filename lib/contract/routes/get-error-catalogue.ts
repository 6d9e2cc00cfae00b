import * as z from "zod/mini";
import { defineRoute } from "../route.ts";

export const getErrorCatalogueRoute = defineRoute({
  operationId: "getErrorCatalogue",
  method: "GET",
  path: "/docs/errors",
  tag: "Operations",
  summary: "The error catalogue",
  description: "For people: what each problem's `type` points to, one anchor a code.",
  parameters: z.strictObject({}),
  query: z.strictObject({}),
  answer: { kind: "page", description: "A page with an entry for each code." },
  problems: [],
});
