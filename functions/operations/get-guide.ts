import { getGuideRoute } from "../../lib/contract/operations.ts";
import { definePageHandler } from "../../lib/http/public-handler.ts";

export const handler = definePageHandler(getGuideRoute, new URL("./get-guide.page/", import.meta.url));
