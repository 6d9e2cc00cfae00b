import { getDocsRoute } from "../../lib/contract/service.ts";
import { definePageHandler } from "../../lib/http/page-handler.ts";

export const handler = definePageHandler(getDocsRoute, new URL("./get-docs.page/", import.meta.url));
