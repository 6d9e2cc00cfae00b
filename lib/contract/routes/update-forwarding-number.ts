import * as z from "zod/mini";
import { Country, ExtensionIdOrMe, Id } from "../parameters.ts";
import { ForwardingNumber, ForwardingNumberUpdate } from "../resources/forwarding-number.ts";
import { defineRoute } from "../route.ts";

export const updateForwardingNumberRoute = defineRoute({
  operationId: "updateForwardingNumber",
  method: "PUT",
  path: "/v1/extensions/{extensionId}/forwarding-numbers/{forwardingNumberId}",
  scope: "numbers:write",
  tag: "Forwarding numbers",
  summary: "Change a forwarding number",
  description: "Changes the fields sent; the others keep their values.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe, forwardingNumberId: Id }),
  query: z.strictObject({ country: z.optional(Country) }),
  body: ForwardingNumberUpdate,
  answer: { kind: "item", description: "The forwarding number as it is now.", data: ForwardingNumber },
  problems: [
    "parameter_invalid",
    "forwarding_label_duplicate",
    "forwarding_custom_label_limit_reached",
    "number_belongs_to_account",
    "flip_number_in_use",
    "international_calling_disabled",
    "call_handling_unavailable",
    "feature_not_available",
    "not_found",
    "precondition_failed",
  ],
});
