import * as z from "zod/mini";
import { ExtensionIdOrMe } from "../parameters.ts";
import { ForwardingNumber } from "../resources/forwarding-number.ts";
import { defineRoute } from "../route.ts";

export const listForwardingNumbersRoute = defineRoute({
  operationId: "listForwardingNumbers",
  method: "GET",
  path: "/v1/extensions/{extensionId}/forwarding-numbers",
  scope: "numbers:read",
  tag: "Forwarding numbers",
  summary: "List forwarding numbers",
  description: "The numbers and devices the extension's calls can be forwarded or flipped to.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject({}),
  answer: { kind: "list", description: "A page of forwarding numbers.", data: ForwardingNumber },
  problems: ["feature_not_available", "call_handling_unavailable", "not_found"],
});
