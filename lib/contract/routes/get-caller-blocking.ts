import * as z from "zod/mini";
import { ExtensionIdOrMe } from "../parameters.ts";
import { CallerBlockingSettings } from "../resources/caller-blocking.ts";
import { defineRoute } from "../route.ts";

export const getCallerBlockingRoute = defineRoute({
  operationId: "getCallerBlocking",
  method: "GET",
  path: "/v1/extensions/{extensionId}/caller-blocking",
  scope: "numbers:read",
  tag: "Caller blocking",
  summary: "Read the caller-blocking settings",
  description: "Whom the extension refuses.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject({}),
  answer: { kind: "item", description: "The settings.", data: CallerBlockingSettings },
  problems: ["feature_not_available", "not_found"],
});
