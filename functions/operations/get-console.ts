import { getConsoleRoute } from "../../lib/contract/operations.ts";
import { definePageHandler } from "../../lib/http/public-handler.ts";

export const handler = definePageHandler(getConsoleRoute, new URL("./get-console.page/", import.meta.url));
