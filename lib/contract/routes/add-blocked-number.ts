import * as z from "zod/mini";
import { Country, ExtensionIdOrMe } from "../parameters.ts";
import { BlockedNumber, NewBlockedNumber } from "../resources/blocked-number.ts";
import { defineRoute } from "../route.ts";

export const addBlockedNumberRoute = defineRoute({
  operationId: "addBlockedNumber",
  method: "POST",
  path: "/v1/extensions/{extensionId}/blocked-numbers",
  scope: "numbers:write",
  tag: "Blocked numbers",
  summary: "Block a number",
  description: "Adds a number to the extension's blocked list.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject({ country: z.optional(Country) }),
  body: NewBlockedNumber,
  answer: { kind: "created", description: "The number is blocked.", data: BlockedNumber },
  problems: ["parameter_invalid", "feature_not_available", "not_found"],
});
