import { getDocsRoute } from "../../lib/contract/operations.ts";
import { definePageHandler } from "../../lib/http/public-handler.ts";

export const handler = definePageHandler(getDocsRoute, new URL("./get-docs.page/", import.meta.url));
