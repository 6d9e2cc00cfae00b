import * as z from "zod/mini";
import { ExtensionIdOrMe } from "../parameters.ts";
import { CallerBlockingSettings, CallerBlockingSettingsUpdate } from "../resources/caller-blocking.ts";
import { defineRoute } from "../route.ts";

export const updateCallerBlockingRoute = defineRoute({
  operationId: "updateCallerBlocking",
  method: "PUT",
  path: "/v1/extensions/{extensionId}/caller-blocking",
  scope: "numbers:write",
  tag: "Caller blocking",
  summary: "Change the caller-blocking settings",
  description: "Changes the fields sent; the others keep their values.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject({}),
  body: CallerBlockingSettingsUpdate,
  answer: { kind: "item", description: "The settings as they are now.", data: CallerBlockingSettings },
  problems: ["parameter_invalid", "feature_not_available", "not_found", "precondition_failed"],
});
