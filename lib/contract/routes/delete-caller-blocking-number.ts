import * as z from "zod/mini";
import { ExtensionIdOrMe, Id } from "../parameters.ts";
import { defineRoute } from "../route.ts";

export const deleteCallerBlockingNumberRoute = defineRoute({
  operationId: "deleteCallerBlockingNumber",
  method: "DELETE",
  path: "/v1/extensions/{extensionId}/caller-blocking/phone-numbers/{id}",
  scope: "numbers:write",
  tag: "Caller blocking",
  summary: "Remove a blocked or allowed number",
  description: "Takes the entry off its list.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe, id: Id }),
  query: z.strictObject({}),
  answer: { kind: "deleted", description: "The entry is gone." },
  problems: ["feature_not_available", "not_found", "precondition_failed"],
});
