import * as z from "zod/mini";
import { defineRoute } from "../route.ts";

export const OpenApiDocument = z
  .looseObject({ openapi: z.string() })
  .check(z.meta({ id: "OpenApiDocument", description: "An OpenAPI 3.1 document." }));

export const getOpenApiRoute = defineRoute({
  operationId: "getOpenApi",
  method: "GET",
  path: "/openapi.json",
  tag: "Operations",
  summary: "This API's description",
  description: "The OpenAPI 3.1 description of this API.",
  parameters: z.strictObject({}),
  query: z.strictObject({}),
  answer: {
    kind: "plain",
    description: "An OpenAPI document.",
    data: OpenApiDocument,
  },
  problems: [],
});
