import { getDocsRoute } from "../../lib/contract/routes/get-docs.ts";
import { definePageHandler } from "../../lib/http/page-handler.ts";

export const handler = definePageHandler(getDocsRoute, new URL("./docs.page/", import.meta.url));
