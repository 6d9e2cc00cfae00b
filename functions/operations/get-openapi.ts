import document from "../../docs/openapi.json" with { type: "json" };
import { getOpenApiRoute } from "../../lib/contract/operations.ts";
import { definePublicHandler } from "../../lib/http/public-handler.ts";

export const handler = definePublicHandler(getOpenApiRoute, async () => document, {
  cacheControl: "public, max-age=300",
});
