import * as z from "zod/mini";
import { Country, ExtensionIdOrMe, Id } from "../parameters.ts";
import { CallerBlockingNumber, CallerBlockingNumberUpdate } from "../resources/caller-blocking.ts";
import { defineRoute } from "../route.ts";

export const updateCallerBlockingNumberRoute = defineRoute({
  operationId: "updateCallerBlockingNumber",
  method: "PUT",
  path: "/v1/extensions/{extensionId}/caller-blocking/phone-numbers/{id}",
  scope: "numbers:write",
  tag: "Caller blocking",
  summary: "Change a blocked or allowed number",
  description: "Changes the fields sent; the others keep their values.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe, id: Id }),
  query: z.strictObject({ country: z.optional(Country) }),
  body: CallerBlockingNumberUpdate,
  answer: { kind: "item", description: "The entry as it is now.", data: CallerBlockingNumber },
  problems: ["parameter_invalid", "feature_not_available", "not_found", "precondition_failed"],
});
