import * as z from "zod/mini";
import { defineRoute } from "./route.ts";
import { Instant, resource } from "./schema-builders.ts";

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
  summary: "Check that the service is up",
  description: "Responds without calling anything else.",
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
  summary: "Read this API's description",
  description: "The OpenAPI 3.1 description of this API.",
  response: { kind: "plain", description: "An OpenAPI document.", data: OpenApiDocument },
});

/** A page for people. It is HTML, and not part of the API's description. */
const pageRoute = (operationId: string, path: `/${string}`, summary: string) =>
  defineRoute({
    operationId,
    method: "GET",
    path,
    tag: "Operations",
    summary,
    description: summary,
    response: { kind: "page", description: summary },
  });

export const getDocsRoute = pageRoute(
  "getDocs",
  "/docs",
  "The API reference, with a form for each operation.",
);
export const getErrorCatalogueRoute = pageRoute(
  "getErrorCatalogue",
  "/docs/errors",
  "The error catalogue: what each problem's `type` points to.",
);
export const listGuidesRoute = pageRoute(
  "listGuides",
  "/docs/guides",
  "The list of guides for app developers.",
);
export const getGuideRoute = defineRoute({
  operationId: "getGuide",
  method: "GET",
  path: "/docs/guides/{guide}",
  tag: "Operations",
  summary: "A guide for app developers, such as `paging`.",
  description: "A guide for app developers, such as `paging`.",
  parameters: z.strictObject({
    guide: z.string().check(z.regex(/^[a-z-]{1,40}$/, "Must be a guide's name.")),
  }),
  response: { kind: "page", description: "The guide." },
  problems: ["not_found"],
});
export const getConsoleRoute = pageRoute(
  "getConsole",
  "/console",
  "The operators' console: budgets and the sync, asked of the API with the operator's token.",
);
