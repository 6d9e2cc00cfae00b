import * as z from "zod/mini";
import { ExtensionIdOrMe } from "../parameters.ts";
import { BlockedNumber } from "../resources/blocked-number.ts";
import { defineRoute } from "../route.ts";

export const listBlockedNumbersRoute = defineRoute({
  operationId: "listBlockedNumbers",
  method: "GET",
  path: "/v1/extensions/{extensionId}/blocked-numbers",
  scope: "numbers:read",
  tag: "Blocked numbers",
  summary: "List blocked numbers",
  description: "The numbers whose calls and messages the extension refuses.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject({}),
  answer: { kind: "list", description: "A page of blocked numbers.", data: BlockedNumber },
  problems: ["feature_not_available", "not_found"],
});
