import { listGuidesRoute } from "../../lib/contract/operations.ts";
import { definePageHandler } from "../../lib/http/public-handler.ts";

export const handler = definePageHandler(listGuidesRoute, new URL("./list-guides.page/", import.meta.url));
