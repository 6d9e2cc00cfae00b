import * as z from "zod/mini";
import { Country, ExtensionIdOrMe } from "../parameters.ts";
import { CallerBlockingNumber, NewCallerBlockingNumber } from "../resources/caller-blocking.ts";
import { defineRoute } from "../route.ts";

export const addCallerBlockingNumberRoute = defineRoute({
  operationId: "addCallerBlockingNumber",
  method: "POST",
  path: "/v1/extensions/{extensionId}/caller-blocking/phone-numbers",
  scope: "numbers:write",
  tag: "Caller blocking",
  summary: "Block or allow a number",
  description: "Adds a number to the extension's blocked or allowed list.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject({ country: z.optional(Country) }),
  body: NewCallerBlockingNumber,
  answer: { kind: "created", description: "The number is on the list.", data: CallerBlockingNumber },
  problems: ["parameter_invalid", "feature_not_available", "not_found"],
});
