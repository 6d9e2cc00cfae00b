import * as z from "zod/mini";
import { ExtensionIdOrMe } from "../parameters.ts";
import { CallerBlockingNumber, callerBlockingStatuses } from "../resources/caller-blocking.ts";
import { defineRoute } from "../route.ts";

export const listCallerBlockingNumbersRoute = defineRoute({
  operationId: "listCallerBlockingNumbers",
  method: "GET",
  path: "/v1/extensions/{extensionId}/caller-blocking/phone-numbers",
  scope: "numbers:read",
  tag: "Caller blocking",
  summary: "List blocked and allowed numbers",
  description: "The extension's blocked list, its allowed list, or the one followed by the other.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  query: z.strictObject({
    status: z._default(z.enum([...callerBlockingStatuses, "all"]), "all"),
  }),
  answer: { kind: "list", description: "A page of blocked and allowed numbers.", data: CallerBlockingNumber },
  problems: ["feature_not_available", "not_found"],
});
