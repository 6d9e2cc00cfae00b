import * as z from "zod/mini";
import { Country, ExtensionIdOrMe } from "../parameters.ts";
import { ForwardingNumber, NewForwardingNumber } from "../resources/forwarding-number.ts";
import { defineRoute } from "../route.ts";

export const addForwardingNumberRoute = defineRoute({
  operationId: "addForwardingNumber",
  method: "POST",
  path: "/v1/extensions/{extensionId}/forwarding-numbers",
  scope: "numbers:write",
  tag: "Forwarding numbers",
  summary: "Add a forwarding number",
  description: "Adds an external number, or a desk phone of the extension, as a forwarding target.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject({ country: z.optional(Country) }),
  body: NewForwardingNumber,
  answer: { kind: "created", description: "The forwarding number was added.", data: ForwardingNumber },
  problems: [
    "parameter_invalid",
    "forwarding_label_duplicate",
    "forwarding_limit_reached",
    "forwarding_custom_label_limit_reached",
    "number_belongs_to_account",
    "flip_number_in_use",
    "international_calling_disabled",
    "call_handling_unavailable",
    "feature_not_available",
    "not_found",
  ],
});
