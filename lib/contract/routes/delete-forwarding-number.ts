import * as z from "zod/mini";
import { ExtensionIdOrMe, Id } from "../parameters.ts";
import { defineRoute } from "../route.ts";

export const deleteForwardingNumberRoute = defineRoute({
  operationId: "deleteForwardingNumber",
  method: "DELETE",
  path: "/v1/extensions/{extensionId}/forwarding-numbers/{forwardingNumberId}",
  scope: "numbers:write",
  tag: "Forwarding numbers",
  summary: "Remove a forwarding number",
  description: "Calls are no longer forwarded or flipped there.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe, forwardingNumberId: Id }),
  query: z.strictObject({}),
  answer: { kind: "deleted", description: "The forwarding number is gone." },
  problems: ["feature_not_available", "call_handling_unavailable", "not_found", "precondition_failed"],
});
