import { getErrorCatalogueRoute } from "../../lib/contract/operations.ts";
import { definePageHandler } from "../../lib/http/public-handler.ts";

export const handler = definePageHandler(
  getErrorCatalogueRoute,
  new URL("./get-error-catalogue.page/", import.meta.url),
);
