import * as z from "zod/mini";
import { Instant, resource } from "./named.ts";
import { defineRoute } from "./route.ts";

const Health = resource("Health", "The service is up.", {
  status: z.enum(["ok"]),
  version: z.string(),
  time: Instant,
});

export const getHealthRoute = defineRoute({
  operationId: "getHealth",
  method: "GET",
  path: "/healthz",
  tag: "Operations",
  summary: "Is the service up",
  description: "Answers without calling anything else.",
  response: { kind: "plain", description: "The service is up.", data: Health },
});

const OpenApiDocument = z
  .looseObject({ openapi: z.string() })
  .check(z.meta({ id: "OpenApiDocument", description: "An OpenAPI 3.1 document." }));

export const getOpenApiRoute = defineRoute({
  operationId: "getOpenApi",
  method: "GET",
  path: "/openapi.json",
  tag: "Operations",
  summary: "This API's description",
  description: "The OpenAPI 3.1 description of this API.",
  response: { kind: "plain", description: "An OpenAPI document.", data: OpenApiDocument },
});

export const getDocsRoute = defineRoute({
  operationId: "getDocs",
  method: "GET",
  path: "/docs",
  tag: "Operations",
  summary: "The API reference",
  description: "For people: every operation, with a form to try it.",
  response: { kind: "page", description: "A page that reads `/openapi.json`." },
});

export const getErrorCatalogueRoute = defineRoute({
  operationId: "getErrorCatalogue",
  method: "GET",
  path: "/docs/errors",
  tag: "Operations",
  summary: "The error catalogue",
  description: "For people: what each problem's `type` points to, one anchor a code.",
  response: { kind: "page", description: "A page with an entry for each code." },
});

export const getConsoleRoute = defineRoute({
  operationId: "getConsole",
  method: "GET",
  path: "/console",
  tag: "Operations",
  summary: "The operators' console",
  description:
    "For operators: what the API tells of budgets and the sync. The page holds nothing itself; it asks with a token.",
  response: { kind: "page", description: "A page that asks the API." },
});
